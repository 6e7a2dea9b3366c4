"""``chuanyu scenario``: what-ifs."""

from __future__ import annotations

import typer

scenario_app = typer.Typer(help="情景推演。What-ifs on fleets that do not exist yet.", no_args_is_help=True)


@scenario_app.callback()
def _scenario() -> None:
    """情景推演。What-ifs on fleets that do not exist yet."""
