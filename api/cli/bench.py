"""``chuanyu bench``: the solver on public research benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dispatch.bench.readers import FORMATS
from dispatch.bench.run import json_line, solve_file
from dispatch.errors import BadInstance

app = typer.Typer(help="在公开基准算例上运行求解器。The solver on public research benchmarks.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """在公开基准算例上运行求解器。The solver on public research benchmarks."""


def expand(pattern: Path) -> list[Path]:
    """Return the files that a pattern stands for, where the shell has not expanded it."""
    if any(sign in pattern.name for sign in "*?["):
        return sorted(pattern.parent.glob(pattern.name))
    return [pattern]


@app.command()
def solve(
    files: Annotated[list[str], typer.Argument(help="算例文件，可用通配符 / instance files, patterns allowed")],
    format: Annotated[str, typer.Option(help=f"格式 / format: {', '.join(FORMATS)}")],
    seconds: Annotated[float, typer.Option(min=0.1, help="每个算例的求解时间 / search time per instance")] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="随机种子 / seed")] = 0,
    threads: Annotated[int, typer.Option(min=1, max=64, help="并行搜索数 / searches side by side")] = 2,
    gamma: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="eadarp：终点最低电量占比 / least battery level at the end, as a share"),
    ] = None,
    out: Annotated[Path, typer.Option(help="写入解的文件夹 / folder for the solutions")] = Path("bench-out"),
) -> None:
    """逐个求解，写出 NAME.solution.json，每个算例输出一行 JSON。Solve each, write its solution, print one line of JSON."""
    if format not in FORMATS:
        typer.echo(f"格式须为 / format must be one of: {', '.join(FORMATS)}", err=True)
        raise typer.Exit(2)
    paths = [path for pattern in files for path in expand(Path(pattern))]
    for path in paths:
        try:
            outcome = solve_file(path, format, seconds=seconds, seed=seed, threads=threads, out=out, gamma=gamma)
        except (BadInstance, OSError) as error:
            typer.echo(f"{path}: {error}", err=True)
            raise typer.Exit(2) from error
        typer.echo(json_line(outcome))
