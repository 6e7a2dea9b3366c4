"""All commands in one place."""

from __future__ import annotations

import contextlib
import sys
from importlib import import_module
from importlib.util import find_spec

import typer

from api.cli.drill_command import drill
from api.cli.plan_command import plan
from api.cli.rules import app as rules_app
from api.cli.scenario_command import scenario_app
from api.cli.serve_command import demo, serve
from api.cli.store_commands import ledger_app, store_app
from api.cli.template_command import template

#: Groups of commands that other parts of the project bring along.
_GROUPS = {"network": "api.cli.network", "bench": "api.cli.bench"}


def build() -> typer.Typer:
    """Return the command with all its parts."""
    app = typer.Typer(
        name="chuanyu",
        help="川渝公务用车调度与分时租赁。\n\nDispatch and time-share rental of official vehicles in Sichuan and Chongqing.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command()(serve)
    app.command()(demo)
    app.command()(plan)
    app.command()(drill)
    app.command()(template)
    app.add_typer(rules_app, name="rules")
    app.add_typer(scenario_app, name="scenario")
    app.add_typer(store_app, name="store")
    app.add_typer(ledger_app, name="ledger")
    for name, module in _GROUPS.items():
        if find_spec(module) is not None:
            app.add_typer(import_module(module).app, name=name)
    return app


def main() -> None:
    """Run the command; an interrupt ends it without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe of another encoding must not make Chinese text an error.
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    build()()
