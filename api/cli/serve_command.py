"""``chuanyu serve`` and ``chuanyu demo``."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from api.cli.terminal import ExitCode, screen
from api.settings import InvalidSetting, Settings, load_settings

HostOption = Annotated[
    str | None, typer.Option(help="监听地址 / address to listen on; default CHUANYU_HOST or 127.0.0.1")
]
PortOption = Annotated[int | None, typer.Option(min=0, max=65_535, help="端口 / port; default CHUANYU_PORT or 8000")]
VarOption = Annotated[
    Path | None, typer.Option("--var", help="数据文件夹 / folder of the data; default CHUANYU_VAR or var")
]


def settings_with(*, host: str | None = None, port: int | None = None, var: Path | None = None) -> Settings:
    """Return the environment's settings with what the command line says in their place; exit code 2 for bad ones."""
    try:
        settings = load_settings()
    except InvalidSetting as problem:
        screen().print(f"环境变量有误 / bad environment: {problem}", markup=False)
        raise typer.Exit(ExitCode.BAD_INPUT) from None
    return replace(
        settings,
        host=host if host is not None else settings.host,
        port=port if port is not None else settings.port,
        var_dir=var if var is not None else settings.var_dir,
    )


def _run(settings: Settings) -> None:
    # Loaded here: the web framework takes a second that no other command should wait for.
    code = import_module("api.server").serve(settings)
    raise typer.Exit(int(code or 0))


def serve(
    host: HostOption = None,
    port: PortOption = None,
    var: VarOption = None,
    with_demo: Annotated[
        bool, typer.Option("--demo", help="先生成演示数据 / make the demo region first, as `chuanyu demo` does")
    ] = False,
) -> None:
    """启动服务：接口与页面。Serve the API and the pages until stopped (Ctrl-C).

    Settings come from the environment (CHUANYU_*, REDIS_URL); without REDIS_URL a Redis of its own keeps its data in --var.
    """
    settings = settings_with(host=host, port=port, var=var)
    _run(replace(settings, demo=settings.demo or with_demo))


def demo(
    host: HostOption = None,
    port: PortOption = None,
    var: VarOption = None,
    vehicles: Annotated[int | None, typer.Option(min=1, max=20_000, help="车辆数 / number of vehicles")] = None,
    requests: Annotated[int | None, typer.Option(min=0, max=100_000, help="申请数 / number of requests")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="随机种子 / seed")] = None,
) -> None:
    """演示：生成川渝演示数据，排好当日班次并启动服务。Serve a generated demo region with its day planned."""
    settings = settings_with(host=host, port=port, var=var)
    _run(
        replace(
            settings,
            demo=True,
            demo_vehicles=vehicles if vehicles is not None else settings.demo_vehicles,
            demo_requests=requests if requests is not None else settings.demo_requests,
            demo_seed=seed if seed is not None else settings.demo_seed,
        )
    )
