"""``chuanyu network``: import a map, look at a network, ask it for drives."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.inputs import load_network
from api.cli.terminal import (
    BadInput,
    ExitCode,
    JsonOption,
    LangOption,
    language,
    print_json,
    progress,
    refusing,
    result,
    screen,
    table,
)
from api.routing_words import say_routing_error
from api.wording import Language, Text
from routing.conditions import Conditions, TimeBand
from routing.datum import Datum, to_wgs84
from routing.engine import Point, RoadEngine, Route
from routing.errors import NoRoute, RoutingError
from routing.geography import load_geography
from routing.graph import Confidence, RoadGraph
from routing.heights import load_heights
from routing.hierarchy import contraction_order
from routing.matrix_file import write_matrix
from routing.network import NetworkSummary, summarise
from routing.osm import ImportReport, import_osm
from routing.osm_tags import COUNTRIES
from routing.profiles import PROFILES, get_profile
from routing.stored import save_network
from routing.traffic import LOCAL_ZONE, band_at

app = typer.Typer(help="路网：导入、查看、求路程。Road networks: import, look, ask for drives.", no_args_is_help=True)

NetworkOption = Annotated[
    str,
    typer.Option(
        "--network", help="builtin、build 生成的文件夹，或含 nodes.csv 与 edges.csv 的文件夹 / builtin, or a folder"
    ),
]
SpeedOption = Annotated[
    float, typer.Option("--speed", min=1, max=120, help="CSV 路网未给车速时所用，km/h / where a CSV network has none")
]
ProfileOption = Annotated[str, typer.Option("--profile", help="车型参数 / drive profile: " + ", ".join(PROFILES))]
AtOption = Annotated[
    str | None,
    typer.Option("--at", help="何时，如 2026-11-23T08:00（北京时间），决定时段 / instant, gives the time band"),
]
AmbientOption = Annotated[
    float | None,
    typer.Option(
        "--ambient",
        help="气温，°C；不给则按 --at 的月份取当地通常气温，否则为 20"
        " / outside temperature; else what is usual in the month of --at, or 20",
    ),
]
LimitOption = Annotated[
    float,
    typer.Option("--limit", min=0, help="起讫点到路网的最大直线距离，米 / farthest straight line to the network, m"),
]
DatumOption = Annotated[Datum, typer.Option("--datum", help="输入坐标系 / coordinate system of the input")]


@app.callback()
def _network() -> None:
    """路网：导入、查看、求路程。Road networks: import, look, ask for drives."""


@app.command()
def build(
    files: Annotated[list[Path], typer.Argument(help="OpenStreetMap 文件，可多个 / extracts: .osm.pbf, .osm, .osm.gz")],
    out: Annotated[Path, typer.Option("--out", help="输出文件夹 / folder to write")],
    country: Annotated[str, typer.Option("--country", help="默认限速：" + ", ".join(COUNTRIES))] = "CN",
    elevation: Annotated[
        Path | None,
        typer.Option(
            "--elevation",
            help="高程：GeoTIFF 等栅格文件、其文件夹或 SRTM .hgt 文件夹，或 CSV（lon, lat, elevation_m）"
            " / raster such as GeoTIFF, folder of rasters or .hgt tiles, or CSV of points",
        ),
    ] = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """由 OpenStreetMap 文件建立路网。Build a network from OpenStreetMap extracts.

    An existing network in the folder is replaced in one step, or stays as it is when anything goes wrong.
    """
    tongue = language(lang)
    with (
        refusing(tongue, as_json=as_json),
        _in_words(),
        progress(Text("导入", "Importing"), tongue, quiet=as_json) as advance,
    ):
        share = {"junctions": 0.6, "roads": 0.65, "components": 0.7, "turn restrictions": 0.75}
        read = {f"read {path.name}": number / len(files) for number, path in enumerate(files)}

        def tell(stage: str, count: int) -> None:
            done = share.get(stage)
            if done is None:
                # How much a file holds is known only at its end; the bar nears it.
                done = 0.6 * (read.get(stage, 0.0) + (1 - math.exp(-count / 1e6)) / len(files))
            advance(done, f"{stage} {count:,}" if count else stage)

        heights = load_heights(elevation) if elevation is not None else None
        graph, report = import_osm(files, country=country, heights=heights, progress=tell)
        advance(0.8, "contraction order")
        graph = graph.with_order(contraction_order(graph))
        advance(0.95, str(out))
        save_network(graph, out, report=report.to_json())
    if as_json:
        print_json({"network": str(out), "digest": graph.digest(), "report": report.to_json()})
        return
    result().print(table(_HEADS, _report_rows(report, tongue), tongue))
    result().print(str(out))


@app.command()
def info(
    network: NetworkOption = "builtin",
    speed: SpeedOption = 30.0,
    top: Annotated[int, typer.Option("--top", min=1, max=100, help="列出几处要害 / how many critical places")] = 10,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """查看路网：规模、连通、可信度、要害路段。Size, components, confidence and critical places of a network."""
    tongue = language(lang)
    with (
        refusing(tongue, as_json=as_json),
        _in_words(),
        progress(Text("分析", "Analysing"), tongue, quiet=as_json) as advance,
    ):
        graph = open_network(network, speed)
        advance(0.2, graph.name)
        summary = summarise(graph, top=top)
    if as_json:
        print_json(_summary_json(summary))
        return
    _print_summary(summary, tongue)


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", help="输出 .geojson、.gpkg 或 .fgb / file to write")],
    network: NetworkOption = "builtin",
    speed: SpeedOption = 30.0,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """导出路网供地理信息软件使用。Write a network for geographic information systems."""
    tongue = language(lang)
    with refusing(tongue, as_json=as_json), _in_words():
        # Loaded here: geopandas takes a second that the other commands need not wait for.
        gis = import_module("routing.gis")
        if out.suffix not in gis.DRIVERS:
            kinds = ", ".join(gis.DRIVERS)
            raise BadInput(Text(f"{out}：应以 {kinds} 之一结尾", f"{out}: should end in one of {kinds}"))
        count = gis.write_gis(open_network(network, speed), out)
    if as_json:
        print_json({"out": str(out), "edges": count})
    else:
        result().print(f"{out}: {count:,}")


@app.command()
def route(
    start: Annotated[str, typer.Argument(help="起点：lon,lat 或地名、区划代码 / from: lon,lat, a place or its code")],
    end: Annotated[str, typer.Argument(help="终点 / to")],
    network: NetworkOption = "builtin",
    profile: ProfileOption = "sedan_petrol",
    at: AtOption = None,
    ambient: AmbientOption = None,
    limit: LimitOption = 50_000.0,
    speed: SpeedOption = 30.0,
    datum: DatumOption = Datum.WGS84,
    geojson: Annotated[
        Path | None, typer.Option("--geojson", help="路线写到此文件 / write the line to this file")
    ] = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """求一段路程：时间、里程、能耗、通行费、途经道路。One drive: time, distance, energy, toll and roads.

    Exit code 1: both ends are on the network but no way leads from one to the other.
    """
    tongue = language(lang)
    with refusing(tongue, as_json=as_json), _in_words():
        points = [_place(text, datum) for text in (start, end)]
        conditions = _conditions(at, ambient)
        engine = RoadEngine(open_network(network, speed))
        try:
            found = engine.route(
                points[0], points[1], get_profile(profile), access_limit_m=limit, conditions=conditions
            )
        except NoRoute as none:
            said = Text("两地之间没有可通行的道路", str(none)).say(tongue)
            if as_json:
                print_json({"error": said, "errors": []})
            screen().print(f"[bold red]{said}[/]")
            raise typer.Exit(ExitCode.PROBLEM) from None
        if geojson is not None:
            geojson.write_text(json.dumps(_feature(found), ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        print_json(_feature(found))
    else:
        _print_route(found, conditions, tongue)


@app.command()
def matrix(
    points: Annotated[Path, typer.Option("--points", help="CSV：id, lon, lat")],
    out: Annotated[Path, typer.Option("--out", help="输出 .csv 或 .npz / file to write, .csv or .npz")],
    network: NetworkOption = "builtin",
    profile: ProfileOption = "sedan_petrol",
    at: AtOption = None,
    ambient: AmbientOption = None,
    limit: LimitOption = 50_000.0,
    speed: SpeedOption = 30.0,
    datum: DatumOption = Datum.WGS84,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """求各点两两之间的路程。Drives between every two of a list of points.

    Every point that lies off the network is named; then nothing is written.
    """
    tongue = language(lang)
    with (
        refusing(tongue, as_json=as_json),
        _in_words(),
        progress(Text("求路程", "Searching"), tongue, quiet=as_json) as advance,
    ):
        if out.suffix not in (".csv", ".npz"):
            raise BadInput(Text(f"{out}：应以 .csv 或 .npz 结尾", f"{out}: should end in .csv or .npz"))
        ids, places = _read_points(points, datum)
        conditions = _conditions(at, ambient)
        chosen = get_profile(profile)
        advance(0.1, network)
        engine = RoadEngine(open_network(network, speed))
        off = [
            id
            for id, snapped in zip(ids, engine.snapper.snap_many(places).distance_m, strict=True)
            if not snapped <= limit
        ]
        if off:
            raise BadInput(
                Text(
                    f"{len(off)} 个点距路网超过 {limit:g} 米：{'、'.join(off[:20])}；可放宽 --limit",
                    f"{len(off)} points are farther than {limit:g} m from the network: {', '.join(off[:20])}; see --limit",
                )
            )
        advance(0.3, f"{len(ids)} x {len(ids)}")
        legs = engine.matrix(places, chosen, access_limit_m=limit, conditions=conditions)
        advance(0.9, str(out))
        write_matrix(legs, ids, out)
    body = {
        "points": len(ids),
        "network": engine.graph.name,
        "profile": profile,
        "band": conditions.band.value,
        "unreachable_pairs": int((~legs.reachable).sum()),
        "out": str(out),
        "notes": list(engine.graph.notes),
    }
    if as_json:
        print_json(body)
    else:
        result().print(f"{out}: {len(ids)} x {len(ids)}, {profile}, {conditions.band.value}")
        if body["unreachable_pairs"]:
            warned = Text("{count} 对之间无路", "{count} pairs without a way between them")
            screen().print(warned.say(tongue, {"count": body["unreachable_pairs"]}))


@contextmanager
def _in_words() -> Iterator[None]:
    """Say what the roads complain about in the caller's language."""
    try:
        yield
    except RoutingError as error:
        raise BadInput(say_routing_error(error)) from error


def open_network(network: str, speed_kmh: float) -> RoadGraph:
    """The built-in network, a stored one, or a CSV one, as the folder holds it."""
    return load_network(network, None, None, speed_kmh=speed_kmh)[0]


def _conditions(at: str | None, ambient_c: float | None) -> Conditions:
    band, month = TimeBand.FREE_FLOW, None
    if at is not None:
        try:
            instant = datetime.fromisoformat(at)
        except ValueError:
            raise BadInput(
                Text(f"时间 {at} 应写作 2026-11-23T08:00", f"the instant {at} should look like 2026-11-23T08:00")
            ) from None
        instant = instant.astimezone(LOCAL_ZONE) if instant.tzinfo else instant.replace(tzinfo=LOCAL_ZONE)
        band, month = band_at(instant), instant.month
    try:
        return Conditions(band=band, month=month) if ambient_c is None else Conditions(band=band, ambient_c=ambient_c)
    except ValueError:
        raise BadInput(
            Text(f"气温 {ambient_c} 不在 -50 至 60 °C", f"{ambient_c} is not between -50 and 60 C")
        ) from None


def _place(text: str, datum: Datum) -> Point:
    parts = text.replace("，", ",").split(",")
    if len(parts) == 2:
        try:
            lon, lat = to_wgs84(float(parts[0]), float(parts[1]), datum)
            return Point(lon_wgs84=lon, lat_wgs84=lat)
        except ValueError:
            raise BadInput(Text(f"{text}：坐标应写作 104.06,30.66", f"{text}: write 104.06,30.66")) from None
    found = load_geography().search(text, limit=1)
    if not found:
        raise BadInput(
            Text(f"找不到地名 {text}；可写坐标 104.06,30.66", f"no place {text}; coordinates look like 104.06,30.66")
        )
    return Point(lon_wgs84=found[0].lon_wgs84, lat_wgs84=found[0].lat_wgs84)


def _read_points(path: Path, datum: Datum) -> tuple[list[str], list[Point]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(Text(f"{path}：不是 UTF-8 文本", f"{path}: not UTF-8")) from None
    reader = csv.DictReader(text.splitlines())
    heads = [head.strip() for head in reader.fieldnames or []]
    lon_head = next((head for head in ("lon_wgs84", "lon", "lng") if head in heads), None)
    lat_head = next((head for head in ("lat_wgs84", "lat") if head in heads), None)
    if lon_head is None or lat_head is None:
        raise BadInput(
            Text(f"{path}：表头须有 id、lon、lat，现为 {','.join(heads)}", f"{path}: the header needs id, lon, lat")
        )
    ids: list[str] = []
    places: list[Point] = []
    for number, row in enumerate(reader, start=1):
        try:
            lon, lat = to_wgs84(float(row[lon_head]), float(row[lat_head]), datum)
        except (TypeError, ValueError):
            raise BadInput(
                Text(f"{path} 第 {number} 行：坐标不是数字", f"{path}, row {number}: a coordinate is not a number")
            ) from None
        ids.append((row.get("id") or str(number)).strip())
        places.append(Point(lon_wgs84=lon, lat_wgs84=lat))
    if not places:
        raise BadInput(Text(f"{path}：没有数据行", f"{path}: no rows"))
    doubled = sorted({id for id in ids if ids.count(id) > 1}) if len(set(ids)) < len(ids) else []
    if doubled:
        raise BadInput(
            Text(f"{path}：id 重复：{'、'.join(doubled[:10])}", f"{path}: doubled ids: {', '.join(doubled[:10])}")
        )
    return ids, places


# ---- what people read

_HEADS = (Text("项目", "What"), Text("值", "Value"))
_CONFIDENCE = {
    Confidence.SOURCED: Text("有据", "sourced"),
    Confidence.INFERRED: Text("推算", "inferred"),
    Confidence.UNVERIFIED: Text("未核实", "unverified"),
}
_REPORT = {
    "files": Text("文件", "files"),
    "country": Text("默认限速", "defaults of"),
    "ways_with_highway_count": Text("道路要素", "ways with highway"),
    "ways_drivable_count": Text("可行车道路", "drivable ways"),
    "duplicate_way_count": Text("文件间重复道路", "ways in several files"),
    "node_count": Text("节点", "nodes"),
    "edge_count": Text("有向路段", "directed edges"),
    "length_m": Text("道路长度（米）", "road length, m"),
    "toll_length_m": Text("收费道路长度（米）", "toll roads, m"),
    "nodes_missing_count": Text("缺坐标的点", "points without coordinates"),
    "blocked_node_count": Text("车辆不能通过的路障", "barriers no car passes"),
    "height_limited_m": Text("限高道路（米）", "roads with a height limit, m"),
    "mass_limited_m": Text("限重道路（米）", "roads with a weight limit, m"),
    "unreadable_speed_count": Text("无法识别的限速", "limits that cannot be read"),
    "restriction_count": Text("转向限制", "turn restrictions"),
    "restriction_applied_count": Text("其中已应用", "of them applied"),
    "restriction_ignored": Text("其中未应用及原因", "of them not, and why"),
    "components_dropped_count": Text("舍去的不连通部分", "unconnected parts left out"),
    "nodes_dropped_count": Text("其节点", "their nodes"),
    "length_dropped_m": Text("其长度（米）", "their length, m"),
    "stops_cut_off_by_turns_count": Text("因转向限制不可停靠的路口", "junctions cut off by turn restrictions"),
}


def _report_rows(report: ImportReport, lang: Language) -> list[tuple[str, str]]:
    def say(value: Any) -> str:
        if isinstance(value, dict):
            return "; ".join(f"{key}: {count}" for key, count in value.items()) or "0"
        if isinstance(value, int):
            return f"{value:,}"
        return ", ".join(value) if isinstance(value, (list, tuple)) else str(value)

    return [(text.say(lang), say(getattr(report, name))) for name, text in _REPORT.items()]


def _summary_json(summary: NetworkSummary) -> dict[str, Any]:
    return {
        "name": summary.name,
        "node_count": summary.node_count,
        "edge_count": summary.edge_count,
        "length_m": summary.length_m,
        "component_sizes": list(summary.component_sizes),
        "length_by_confidence_m": {key.name.lower(): value for key, value in summary.length_by_confidence_m.items()},
        "length_by_class_m": dict(summary.length_by_class_m),
        "critical_nodes": [
            {"node": node.node, "name": node.name, "betweenness_frac": round(node.betweenness_frac, 6)}
            for node in summary.critical_nodes
        ],
        "critical_links": [
            {
                "from": link.from_name,
                "to": link.to_name,
                "ref": link.ref,
                "length_m": link.length_m,
                "confidence": link.confidence.name.lower(),
                "cut_off_count": link.cut_off_count,
            }
            for link in summary.critical_links
        ],
        "notes": list(summary.notes),
    }


def _print_summary(summary: NetworkSummary, lang: Language) -> None:
    parts = summary.component_sizes
    rows = [
        (Text("名称", "name").say(lang), summary.name),
        (Text("节点", "nodes").say(lang), f"{summary.node_count:,}"),
        (Text("有向路段", "directed edges").say(lang), f"{summary.edge_count:,}"),
        (Text("有向长度（公里）", "directed length, km").say(lang), f"{summary.length_m / 1000:,.0f}"),
        (
            Text("强连通部分", "strongly connected parts").say(lang),
            f"{len(parts)}: {', '.join(str(size) for size in parts[:5])}{' …' if len(parts) > 5 else ''}",
        ),
        *(
            (_CONFIDENCE[key].say(lang), f"{value / 1000:,.0f} km")
            for key, value in summary.length_by_confidence_m.items()
        ),
        *((name, f"{value / 1000:,.0f} km") for name, value in sorted(summary.length_by_class_m.items()) if value),
    ]
    result().print(table(_HEADS, rows, lang))
    nodes = [(node.name, f"{node.betweenness_frac:.3f}") for node in summary.critical_nodes]
    result().print(table((Text("要害节点", "Critical node"), Text("占比", "Share of ways")), nodes, lang))
    if summary.critical_links:
        heads = (
            Text("断则分离的路段", "Link that alone connects"),
            Text("道路", "Road"),
            Text("公里", "km"),
            Text("隔断节点", "Nodes cut off"),
            Text("可信度", "Confidence"),
        )
        links = [
            (
                f"{link.from_name} - {link.to_name}",
                link.ref,
                f"{link.length_m / 1000:.1f}",
                str(link.cut_off_count),
                _CONFIDENCE[link.confidence].say(lang),
            )
            for link in summary.critical_links
        ]
        result().print(table(heads, links, lang))
    for note in summary.notes:
        result().print(note)


def _feature(found: Route) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [list(place) for place in found.line]},
        "properties": {
            "drive_s": found.drive_s,
            "drive_m": found.drive_m,
            "drive_wh": found.drive_wh,
            "fuel_ml": found.fuel_ml,
            "toll_fen": found.toll_fen,
            "confidence": found.confidence.name.lower(),
            "steps": [
                {
                    "ref": step.ref,
                    "length_m": step.length_m,
                    "drive_s": step.drive_s,
                    "confidence": step.confidence.name.lower(),
                }
                for step in found.steps
            ],
        },
    }


def _clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def _print_route(found: Route, conditions: Conditions, lang: Language) -> None:
    rows: Sequence[tuple[str, str]] = (
        (Text("时间", "time").say(lang), _clock(found.drive_s)),
        (Text("里程", "distance").say(lang), f"{found.drive_m / 1000:.1f} km"),
        (Text("耗电", "electricity").say(lang), f"{found.drive_wh / 1000:.1f} kWh"),
        (Text("耗油", "fuel").say(lang), f"{found.fuel_ml / 1000:.1f} L"),
        (Text("通行费", "toll").say(lang), f"{found.toll_fen / 100:.2f} 元"),
        (Text("可信度", "confidence").say(lang), _CONFIDENCE[found.confidence].say(lang)),
        (Text("时段", "time band").say(lang), conditions.band.value),
    )
    result().print(table(_HEADS, rows, lang))
    heads = (Text("道路", "Road"), Text("公里", "km"), Text("时间", "Time"), Text("可信度", "Confidence"))
    steps = [
        (step.ref or "-", f"{step.length_m / 1000:.1f}", _clock(step.drive_s), _CONFIDENCE[step.confidence].say(lang))
        for step in found.steps
    ]
    result().print(table(heads, steps, lang))
    if found.confidence is Confidence.UNVERIFIED:
        warned = Text(
            "途经未核实的道路，时间和里程为估计。", "The way runs over unverified roads: figures are estimates."
        )
        screen().print(warned.say(lang))
