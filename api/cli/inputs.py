"""What the command reads: workbooks and folders of them, road networks, days and times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path

from api.cli.terminal import BadInput
from api.intake.cells import SHANGHAI, clock_s
from api.intake.findings import CellProblem
from api.intake.raw import MOST_BYTES
from api.intake.read import Intake, SourceFile, read_files
from api.intake.records import Known
from api.wording import Language, Text
from fleet.regions import load_regions
from routing.builtin import load_builtin
from routing.csv_graph import load_csv
from routing.graph import RoadGraph
from routing.profiles import PROFILES
from routing.stored import MANIFEST
from routing.stored import load_network as load_stored
from scenarios.places import load_places

#: Mean speed of cars in Chengdu's active core at the peak (07-09, 17-19), junction delays included: 26.17 km/h by the yearly
#: report of the map service AutoNavi on traffic in major Chinese cities (高德地图, 年度中国主要城市交通分析报告), as quoted by
#: Sichuan's traffic radio (www.xfproducts.com/yjkfl/4002.html). It stands in where a street graph gives no speed.
CENTRAL_CHENGDU_PEAK_KMH = 26.17

DAY_S = 86_400

_SUFFIXES = (".xlsx", ".xlsm", ".csv", ".json")


def read_bytes(path: Path) -> bytes:
    """Return a file's content; a file above the limit of intake is not read whole."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def source_files(paths: Sequence[Path]) -> list[SourceFile]:
    """Return the files named, and those of the folders named, in order of their names."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(
                p for p in path.iterdir() if p.suffix.lower() in _SUFFIXES and not p.name.startswith((".", "~$"))
            )
            if not inside:
                raise BadInput(
                    Text(
                        f"{path}：文件夹中没有 .xlsx、.csv 或 .json 文件",
                        f"{path}: no .xlsx, .csv or .json file in the folder",
                    )
                )
            found.extend(inside)
        else:
            found.append(path)
    return [SourceFile(name=path.name, data=read_bytes(path)) for path in dict.fromkeys(found)]


def find_place(name: str) -> tuple[float, float] | None:
    """Return (lon_wgs84, lat_wgs84) of the one place of the built-in table with this full Chinese name."""
    hits = {(place.lon_wgs84, place.lat_wgs84) for place in load_places() if place.name_zh == name.strip()}
    return hits.pop() if len(hits) == 1 else None


def read_nouns(paths: Sequence[Path], *, lang: Language, now: datetime) -> Intake:
    """Read all files as one delivery, judged by the built-in tables of regions, places and profiles.

    Raises
    ------
    BadInput
        With every row that is wrong.
    """
    known = Known(
        regions=frozenset(region.code for region in load_regions().list()),
        profiles=frozenset(PROFILES),
        find_place=find_place,
    )
    intake = read_files(source_files(paths), lang=lang, now=now, known=known)
    if intake.errors:
        count = len(intake.errors)
        text = Text(f"文件中有 {count} 处错误，未导入任何内容", f"{count} errors in the files; nothing was imported")
        raise BadInput(text, errors=intake.errors)
    return intake


def load_network(
    network: str, nodes: Path | None, edges: Path | None, *, speed_kmh: float
) -> tuple[RoadGraph, tuple[Text, ...], bool]:
    """Return the road graph, what was assumed about it, and whether it is the built-in one.

    ``network`` is ``builtin``, a folder that ``chuanyu network build`` wrote, or one with
    ``nodes.csv`` and ``edges.csv``; two files given on their own go first.
    """
    if (nodes is None) != (edges is None):
        raise BadInput(
            Text("--network-nodes 与 --network-edges 须同时给出", "--network-nodes and --network-edges go together")
        )
    if nodes is None and network == "builtin":
        graph = load_builtin()
        return graph, _notes(graph), True
    folder = Path(network)
    if nodes is None and (folder / MANIFEST).is_file():
        graph = load_stored(folder)
        return graph, _notes(graph), False
    if nodes is None:
        nodes, edges = folder / "nodes.csv", folder / "edges.csv"
    if edges is None or not nodes.is_file() or not edges.is_file():
        raise BadInput(
            Text(
                f"找不到路网文件 {nodes} 和 {edges}；--network 为 builtin 或含 nodes.csv、edges.csv 的文件夹",
                f"no road network at {nodes} and {edges}; --network is builtin or a folder with nodes.csv and edges.csv",
            )
        )
    graph = load_csv(nodes, edges, default_speed_mps=speed_kmh / 3.6)
    return graph, _notes(graph), False


def _notes(graph: RoadGraph) -> tuple[Text, ...]:
    return tuple(Text(f"路网 {graph.name}：{note}", f"road network {graph.name}: {note}") for note in graph.notes)


def parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(Text(f"日期 {text} 应写作 2026-11-23", f"the day {text} should look like 2026-11-23")) from None


def parse_clock(text: str) -> int:
    """Return seconds after midnight, at most those of a whole day."""
    try:
        second = clock_s(text)
    except CellProblem as problem:
        raise BadInput(Text(f"{text}：{problem.message.zh}", f"{text}: {problem.message.en}")) from None
    if second > DAY_S:
        raise BadInput(
            Text(f"{text}：不是时刻，应在 00:00 到 24:00 之间", f"{text}: not a time of day; from 00:00 to 24:00")
        )
    return second


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=SHANGHAI)
