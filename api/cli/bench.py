"""``chuanyu bench``: the solver and its peers on public research benchmarks."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dispatch.bench.outcome import Outcome, json_line
from dispatch.bench.peers.run import MODULES
from dispatch.bench.peers.run import solve_file as solve_with_peer
from dispatch.bench.readers import FORMATS
from dispatch.bench.run import solve_file
from dispatch.bench.table import RESULTS, read_known, read_results
from dispatch.bench.table import table as table_of
from dispatch.errors import BadInstance, PeerMissing

app = typer.Typer(help="在公开基准算例上运行求解器。The solver on public research benchmarks.", no_args_is_help=True)
SOLVERS = ("chuanyu", *MODULES)


@app.callback()
def bench() -> None:
    """在公开基准算例上运行求解器。The solver on public research benchmarks."""


def expand(pattern: Path) -> list[Path]:
    """Return the files that a pattern stands for, where the shell has not expanded it."""
    if any(sign in pattern.name for sign in "*?["):
        return sorted(pattern.parent.glob(pattern.name))
    return [pattern]


def known_word(word: str, words: tuple[str, ...], name: str) -> str:
    """Return the word if it is one of those; say which there are otherwise."""
    if word not in words:
        typer.echo(f"{name} 须为 / must be one of: {', '.join(words)}", err=True)
        raise typer.Exit(2)
    return word


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
    solver: Annotated[str, typer.Option(help=f"求解器 / solver: {', '.join(SOLVERS)}")] = "chuanyu",
    out: Annotated[Path, typer.Option(help="写入解的文件夹 / folder for the solutions")] = Path("bench-out"),
) -> None:
    """逐个求解，写出 NAME.solution.json，每个算例输出一行 JSON。Solve each, write its solution, print one line of JSON.

    The lines are also added to results.jsonl in the folder, for ``chuanyu bench table``.
    """
    known_word(format, FORMATS, "--format")
    known_word(solver, SOLVERS, "--solver")
    paths = [path for pattern in files for path in expand(Path(pattern))]
    for path in paths:
        try:
            if solver == "chuanyu":
                outcome = solve_file(path, format, seconds=seconds, seed=seed, threads=threads, out=out, gamma=gamma)
            else:
                outcome = solve_with_peer(
                    path, format, solver=solver, seconds=seconds, seed=seed, threads=threads, out=out
                )
        except (BadInstance, PeerMissing, OSError) as error:
            typer.echo(f"{path}: {error}", err=True)
            raise typer.Exit(2) from error
        typer.echo(json_line(outcome))
        _note(out, outcome, gamma)


def _note(out: Path, outcome: Outcome, gamma: float | None) -> None:
    with (out / RESULTS).open("a", encoding="utf-8") as file:
        file.write(json.dumps({**asdict(outcome), "gamma": gamma}) + "\n")


@app.command()
def table(
    folders: Annotated[
        list[Path], typer.Argument(exists=True, file_okay=False, help="结果文件夹 / folders of results")
    ],
    known: Annotated[
        list[Path],
        typer.Option(exists=True, dir_okay=False, help="best_known.csv，可多次 / may be given several times"),
    ],
) -> None:
    """各求解器与已知最好值的对照表（Markdown）。Solvers side by side with the best known values, as Markdown."""
    try:
        results = read_results(folders)
        typer.echo(table_of(results, read_known(known)))
    except (BadInstance, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
