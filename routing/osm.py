"""OpenStreetMap extracts to road graphs. The only module that reads maps.

One pass over each file collects the drivable ways with their coordinates, the barriers and the turn restrictions; the rest is
array work: ways are cut at junctions, the largest strongly connected part is kept, restrictions split junctions.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import osmium
from scipy import sparse
from scipy.sparse import csgraph

from routing.compiled import compiled
from routing.errors import InvalidNetwork
from routing.graph import Confidence, RoadGraph
from routing.heights import Heights
from routing.osm_restrictions import Restriction, resolve
from routing.osm_tags import (
    COUNTRIES,
    NO_STOPPING,
    ROAD_CLASSES,
    CountryRules,
    WayRules,
    blocks_cars,
    height_limit_m,
    judge_way,
)
from routing.slopes import Slopes, slopes_of_pieces
from routing.snap import arc_m, on_sphere_m
from routing.turns import ARRIVAL, Expansion, expand

Progress = Callable[[str, int], None]
"""Told the stage and how many objects of it are done."""
MAX_EDGE_M = 400.0
"""Roads on which one may stop are cut at least this often, so that a stop beside a long country road snaps near to it."""
MAX_SLOPE_M = 1_000.0
"""Where heights are known the other roads are cut too, so that a steep part is not averaged away."""

_RESTRICTION_KEYS = ("restriction:motorcar", "restriction:motor_vehicle", "restriction")
_TURNS = frozenset({"left_turn", "right_turn", "straight_on", "u_turn", "entry", "exit"})
_EVERY = 20_000


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """What an import found, kept and left out; lengths count each direction of travel once."""

    files: tuple[str, ...]
    country: str
    ways_with_highway_count: int
    ways_drivable_count: int
    duplicate_way_count: int
    node_count: int
    edge_count: int
    length_m: int
    toll_length_m: int
    nodes_missing_count: int
    blocked_node_count: int
    height_limited_m: int
    mass_limited_m: int
    unreadable_speed_count: int
    restriction_count: int
    restriction_applied_count: int
    restriction_ignored: dict[str, int]
    components_dropped_count: int
    nodes_dropped_count: int
    stops_cut_off_by_turns_count: int
    length_dropped_m: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(kw_only=True)
class _Harvest:
    """What reading has found so far; ``refs`` and coordinates of all pieces one after the other."""

    refs: array[int] = field(default_factory=lambda: array("q"))
    lons: array[float] = field(default_factory=lambda: array("d"))
    lats: array[float] = field(default_factory=lambda: array("d"))
    starts: array[int] = field(default_factory=lambda: array("q"))
    way_ids: array[int] = field(default_factory=lambda: array("q"))
    rules: list[WayRules] = field(default_factory=list)
    seen_ways: set[int] = field(default_factory=set)
    seen_relations: set[int] = field(default_factory=set)
    blocked: set[int] = field(default_factory=set)
    height_bars: dict[int, float] = field(default_factory=dict)
    restrictions: list[Restriction] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)


def import_osm(
    files: Sequence[Path],
    *,
    country: str = "CN",
    name: str | None = None,
    heights: Heights | None = None,
    progress: Progress | None = None,
) -> tuple[RoadGraph, ImportReport]:
    """Read one or several extracts (.osm.pbf, .osm, .osm.gz ...) into one drivable graph.

    Parameters
    ----------
    files
        Extracts; what several of them contain is taken from the first.
    country
        Key of :data:`routing.osm_tags.COUNTRIES`: the speeds and tolls where the map says nothing.
    heights
        Where given, the heights of nodes, from which climbs follow.

    Raises
    ------
    InvalidNetwork
        If a file is missing, empty, cut short or no OpenStreetMap file, or if no drivable road is in any of them.
    """
    if country not in COUNTRIES:
        raise InvalidNetwork(
            source="import_osm", row=None, field="country", reason=f"{country!r} is none of {', '.join(COUNTRIES)}"
        )
    if not files:
        raise InvalidNetwork(source="import_osm", row=None, field="files", reason="at least one extract")
    rules = COUNTRIES[country]
    tell = progress or (lambda _stage, _count: None)
    harvest = _Harvest()
    for path in files:
        _read(Path(path), rules, harvest, tell)
    if not harvest.rules:
        raise InvalidNetwork(
            source=", ".join(str(path) for path in files),
            row=None,
            field="highway",
            reason="no road that a car may drive",
        )
    tell("junctions", 0)
    return _assemble(harvest, rules, [Path(path).name for path in files], name, heights, tell)


# ---- reading


def _read(path: Path, country: CountryRules, harvest: _Harvest, tell: Progress) -> None:
    def refuse(reason: str) -> InvalidNetwork:
        return InvalidNetwork(source=str(path), row=None, field="file", reason=reason)

    if not path.is_file():
        raise refuse("no such file")
    if path.stat().st_size == 0:
        raise refuse("the file is empty; download it again")
    before = len(harvest.rules)
    missing_before = harvest.counts["nodes_missing"]
    try:
        keys = osmium.filter.KeyFilter(
            "highway", "route", "barrier", "maxheight", *_RESTRICTION_KEYS, "restriction:conditional"
        )
        source = osmium.FileProcessor(str(path)).with_locations().with_filter(keys)
        for number, thing in enumerate(source):
            if number % _EVERY == 0:
                tell(f"read {path.name}", number)
            if isinstance(thing, osmium.osm.Node):
                tags = dict(thing.tags)
                if blocks_cars(tags):
                    harvest.blocked.add(thing.id)
                elif math.isfinite(clearance := height_limit_m(tags)):
                    harvest.height_bars[thing.id] = clearance
            elif isinstance(thing, osmium.osm.Way):
                _take_way(thing, country, harvest)
            elif isinstance(thing, osmium.osm.Relation):
                _take_restriction(thing, harvest)
    except (RuntimeError, ValueError) as error:
        # The library reports everything, from a wrong magic number to a cut-off block, as a bare RuntimeError.
        raise refuse(f"not a whole OpenStreetMap file ({error}); download it again") from error
    if len(harvest.rules) == before and harvest.counts["nodes_missing"] > missing_before:
        raise refuse("its ways come before their nodes, or without them; sort it with `osmium sort`")


def _take_way(way: Any, country: CountryRules, harvest: _Harvest) -> None:
    tags = dict(way.tags)
    harvest.counts["ways_with_highway"] += "highway" in tags
    rules = judge_way(tags, country)
    if rules is None:
        return
    if way.id in harvest.seen_ways:
        harvest.counts["duplicate_ways"] += 1
        return
    harvest.seen_ways.add(way.id)
    harvest.counts["ways_drivable"] += 1
    harvest.counts["unreadable_speed"] += rules.speed_unreadable
    run: list[tuple[int, float, float]] = []
    for node in way.nodes:
        location = node.location
        if not location.valid():
            harvest.counts["nodes_missing"] += 1
            _take_piece(run, way.id, rules, harvest)
            run = []
            continue
        place = (node.ref, location.lon_without_check(), location.lat_without_check())
        if node.ref in harvest.blocked:
            # Each side of a barrier gets an end of its own, so that no way leads through.
            run.append((_own_id(harvest), place[1], place[2]))
            _take_piece(run, way.id, rules, harvest)
            run = [(_own_id(harvest), place[1], place[2])]
        else:
            run.append(place)
    _take_piece(run, way.id, rules, harvest)


def _own_id(harvest: _Harvest) -> int:
    harvest.counts["own_ids"] += 1
    return -(2**62) - harvest.counts["own_ids"]


def _take_piece(run: list[tuple[int, float, float]], way_id: int, rules: WayRules, harvest: _Harvest) -> None:
    if len(run) < 2:
        return
    harvest.starts.append(len(harvest.refs))
    harvest.way_ids.append(way_id)
    harvest.rules.append(rules)
    refs, lons, lats = zip(*run, strict=True)
    harvest.refs.extend(refs)
    harvest.lons.extend(lons)
    harvest.lats.extend(lats)


def _take_restriction(relation: Any, harvest: _Harvest) -> None:
    tags = dict(relation.tags)
    if not tags.get("type", "").startswith("restriction") or relation.id in harvest.seen_relations:
        return
    harvest.seen_relations.add(relation.id)
    harvest.counts["restrictions"] += 1
    kind = next((tags[key] for key in _RESTRICTION_KEYS if key in tags), None)
    if kind is None:
        harvest.ignored["only at certain times"] += 1
        return
    if any(word.strip() in ("motorcar", "motor_vehicle") for word in tags.get("except", "").split(";")):
        harvest.ignored["does not concern cars"] += 1
        return
    if kind.partition("_")[0] not in ("no", "only") or kind.partition("_")[2] not in _TURNS:
        harvest.ignored["kind not known"] += 1
        return
    members: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for member in relation.members:
        members[member.role].append((member.type, member.ref))
    via = members["via"]
    nodes = [ref for type_, ref in via if type_ == "n"]
    ways = [ref for type_, ref in via if type_ == "w"]
    if len(nodes) + len(ways) != len(via) or (len(nodes), bool(ways)) not in ((1, False), (0, True)):
        harvest.ignored["via is neither one node nor ways"] += 1
        return
    harvest.restrictions.append(
        Restriction(
            kind=kind,
            from_ways=tuple(ref for type_, ref in members["from"] if type_ == "w"),
            via_node=nodes[0] if nodes else None,
            via_ways=tuple(ways),
            to_ways=tuple(ref for type_, ref in members["to"] if type_ == "w"),
        )
    )


# ---- assembling


@compiled
def _mark_cuts(starts: Any, index: Any, junction: Any, step_m: Any, limit_m: Any) -> Any:  # pragma: no cover - compiled
    cut = np.zeros(len(index), dtype=np.bool_)
    for way in range(len(starts) - 1):
        first, last = starts[way], starts[way + 1] - 1
        cut[first] = True
        gone = 0.0
        for at in range(first + 1, last):
            gone += step_m[at - 1]
            if junction[index[at]] or gone + step_m[at] > limit_m[way]:
                cut[at] = True
                gone = 0.0
        cut[last] = True
    return cut


@dataclass(frozen=True, kw_only=True, eq=False)
class _Edges:
    """Edges over junction numbers; twins (the two directions of a piece) share ``piece``."""

    tail: npt.NDArray[np.int64]
    head: npt.NDArray[np.int64]
    piece: npt.NDArray[np.int64]
    reverse: npt.NDArray[np.bool_]

    def keep(self, chosen: npt.NDArray[np.bool_]) -> _Edges:
        return _Edges(
            tail=self.tail[chosen], head=self.head[chosen], piece=self.piece[chosen], reverse=self.reverse[chosen]
        )


def _assemble(
    harvest: _Harvest,
    country: CountryRules,
    names: Sequence[str],
    name: str | None,
    heights: Heights | None,
    tell: Progress,
) -> tuple[RoadGraph, ImportReport]:
    refs = np.frombuffer(harvest.refs, dtype=np.int64)
    lon = np.frombuffer(harvest.lons, dtype=np.float64)
    lat = np.frombuffer(harvest.lats, dtype=np.float64)
    starts = np.append(np.frombuffer(harvest.starts, dtype=np.int64), len(refs))
    way_ids = np.frombuffer(harvest.way_ids, dtype=np.int64)
    codes = {ref: number for number, ref in enumerate(dict.fromkeys(rule.ref for rule in harvest.rules))}
    ref_names = tuple(codes)
    rules = _columns(harvest.rules, [codes[rule.ref] for rule in harvest.rules])

    ids, first_at, index = np.unique(refs, return_index=True, return_inverse=True)
    junction = np.bincount(index, minlength=len(ids)) > 1
    junction[index[starts[:-1]]] = True
    junction[index[starts[1:] - 1]] = True
    via_ids = sorted({one.via_node for one in harvest.restrictions if one.via_node is not None})
    junction |= np.isin(ids, via_ids)

    at = on_sphere_m(lon, lat)
    step_m = np.append(arc_m(np.linalg.norm(np.diff(at, axis=0), axis=1)), 0.0)
    step_m[starts[1:] - 1] = 0.0
    del at
    stoppable = ~np.isin(rules["class"], list(NO_STOPPING))
    longest_m = np.where(stoppable, MAX_EDGE_M, np.inf if heights is None else MAX_SLOPE_M)
    cut = _mark_cuts(starts, index, junction, step_m, longest_m)

    tell("roads", len(way_ids))
    cuts = np.flatnonzero(cut)
    way_of = np.searchsorted(starts, cuts, side="right") - 1
    joined = np.flatnonzero(way_of[1:] == way_of[:-1])
    begin, end, piece_way = cuts[joined], cuts[joined + 1], way_of[joined]
    travelled = np.concatenate([[0.0], np.cumsum(step_m)])
    piece_m = travelled[end] - travelled[begin]
    numbers = np.full(len(ids), -1, dtype=np.int64)
    used = np.unique(index[cuts])
    numbers[used] = np.arange(len(used))
    one, other = numbers[index[begin]], numbers[index[end]]
    slopes: Slopes | None = None
    if heights is not None:
        tell("heights", len(begin))
        slopes = slopes_of_pieces(
            heights,
            lon=lon,
            lat=lat,
            step_m=step_m,
            begin=begin,
            end=end,
            one=one,
            other=other,
            built=rules["built"][piece_way],
            node_lon=lon[first_at[used]],
            node_lat=lat[first_at[used]],
        )

    there, back = np.flatnonzero(rules["forward"][piece_way]), np.flatnonzero(rules["backward"][piece_way])
    edges = _Edges(
        tail=np.concatenate([one[there], other[back]]),
        head=np.concatenate([other[there], one[back]]),
        piece=np.concatenate([there, back]),
        reverse=np.concatenate([np.zeros(len(there), dtype=bool), np.ones(len(back), dtype=bool)]),
    )

    tell("components", len(used))
    adjacency = sparse.csr_matrix(
        (np.ones(len(edges.tail), dtype=np.int8), (edges.tail, edges.head)), shape=(len(used), len(used))
    )
    component_count, component = csgraph.connected_components(adjacency, directed=True, connection="strong")
    sizes = np.bincount(component)
    in_main = component == int(np.argmax(sizes))
    kept_edge = in_main[edges.tail] & in_main[edges.head]
    piece_kept = np.zeros(len(begin), dtype=bool)
    piece_kept[edges.piece[kept_edge]] = True
    renumber = np.cumsum(in_main) - 1
    edges = edges.keep(kept_edge)
    tail, head = renumber[edges.tail].astype(np.int32), renumber[edges.head].astype(np.int32)
    node_ids = ids[used][in_main]
    node_at = first_at[used][in_main]

    tell("turn restrictions", len(harvest.restrictions))
    turns = resolve(
        harvest.restrictions,
        node_ids=node_ids,
        tail=tail,
        head=head,
        piece=edges.piece,
        way=way_ids[piece_way[edges.piece]],
    )
    expansion = expand(len(node_ids), tail, head, turns.bans)
    origin = expansion.origin
    real = origin != ARRIVAL
    source_edge = np.where(real, origin, 0)
    piece = edges.piece[source_edge]
    reverse = edges.reverse[source_edge]
    way = piece_way[piece]

    length_m = np.where(real, np.rint(piece_m[piece]), 0).astype(np.int32)
    speed_kmh = np.where(reverse, rules["backward_kmh"][way], rules["forward_kmh"][way])
    whole_m = travelled[starts[1:] - 1] - travelled[starts[:-1]]
    timed = rules["duration_s"][way] > 0
    speed_kmh = np.where(timed, whole_m[way] / np.maximum(rules["duration_s"][way], 1) * 3.6, speed_kmh)
    codes_used, ref_index = np.unique(rules["ref"][way], return_inverse=True)
    toll_fen = np.rint(rules["toll"][way] * length_m * country.toll_fen_per_km / 1000).astype(np.int32)

    base = expansion.base_node
    lon_nodes, lat_nodes = lon[node_at][base], lat[node_at][base]
    can_stop = np.zeros(len(node_ids), dtype=bool)
    stop_edge = stoppable[piece_way[edges.piece]]
    can_stop[tail[stop_edge]] = True
    can_stop[head[stop_edge]] = True
    clearance_m = _clearances(harvest, ids, index, begin, end, rules["height_limit_m"][piece_way])
    served = _served(expansion)
    cut_off = can_stop & ~served
    can_stop &= served
    elevation_m = slopes.node_m[in_main][base] if slopes is not None else np.full(len(base), np.nan)
    ascent_m = None
    if slopes is not None:
        ascent_m = np.where(real, np.where(reverse, slopes.descent_m[piece], slopes.ascent_m[piece]), 0.0)
    offset, shape_lon, shape_lat = _shapes(begin[piece], end[piece], reverse, real, lon, lat)

    ignored = harvest.ignored + turns.ignored
    report = ImportReport(
        files=tuple(names),
        country=country.code,
        ways_with_highway_count=harvest.counts["ways_with_highway"],
        ways_drivable_count=harvest.counts["ways_drivable"],
        duplicate_way_count=harvest.counts["duplicate_ways"],
        node_count=len(node_ids),
        edge_count=len(edges.tail),
        length_m=int(piece_m[piece_kept].sum()),
        toll_length_m=int(piece_m[piece_kept & rules["toll"][piece_way]].sum()),
        nodes_missing_count=harvest.counts["nodes_missing"],
        blocked_node_count=len(harvest.blocked),
        height_limited_m=int(piece_m[piece_kept & np.isfinite(clearance_m)].sum()),
        mass_limited_m=int(piece_m[piece_kept & np.isfinite(rules["mass_limit_kg"][piece_way])].sum()),
        unreadable_speed_count=harvest.counts["unreadable_speed"],
        restriction_count=harvest.counts["restrictions"],
        restriction_applied_count=turns.applied_count,
        restriction_ignored=dict(sorted(ignored.items())),
        components_dropped_count=int(component_count) - 1,
        nodes_dropped_count=int((~in_main).sum()),
        stops_cut_off_by_turns_count=int(cut_off.sum()),
        length_dropped_m=int(piece_m[~piece_kept].sum()),
    )
    graph = RoadGraph(
        name=name or "+".join(file.split(".")[0] for file in names),
        node_names=(),
        node_lon_wgs84=lon_nodes,
        node_lat_wgs84=lat_nodes,
        node_elevation_m=elevation_m,
        edge_from=expansion.edge_from,
        edge_to=expansion.edge_to,
        length_m=length_m,
        speed_mps=speed_kmh / 3.6,
        climb_m=elevation_m[expansion.edge_to] - elevation_m[expansion.edge_from],
        ascent_m=ascent_m,
        toll_fen=toll_fen,
        ref_index=ref_index.astype(np.int32),
        refs=tuple(ref_names[code] for code in codes_used),
        confidence=np.where(real & rules["inferred"][way], Confidence.INFERRED, Confidence.SOURCED).astype(np.uint8),
        class_index=rules["class"][way].astype(np.uint8),
        road_classes=ROAD_CLASSES,
        shape_offset=offset,
        shape_lon_wgs84=shape_lon,
        shape_lat_wgs84=shape_lat,
        base_node=base,
        arrival_node=expansion.arrival_node,
        can_stop=can_stop[base],
        height_limit_m=np.where(real, clearance_m[piece], np.inf).astype(np.float32),
        mass_limit_kg=np.where(real, rules["mass_limit_kg"][way], np.inf).astype(np.float32),
        source_node_id=node_ids[base],
        source_way_id=np.where(real, way_ids[way], 0),
        notes=(
            "contains information from OpenStreetMap, ODbL 1.0",
            f"speeds and tolls where the map says nothing: {country.source}",
        ),
    )
    return graph, report


def _columns(rules: Sequence[WayRules], codes: Sequence[int]) -> dict[str, npt.NDArray[Any]]:
    return {
        "class": np.array([rule.class_index for rule in rules], dtype=np.int64),
        "forward": np.array([rule.forward for rule in rules], dtype=bool),
        "backward": np.array([rule.backward for rule in rules], dtype=bool),
        "forward_kmh": np.array([rule.forward_kmh for rule in rules]),
        "backward_kmh": np.array([rule.backward_kmh for rule in rules]),
        "toll": np.array([rule.toll for rule in rules], dtype=bool),
        "height_limit_m": np.array([rule.height_limit_m for rule in rules], dtype=np.float32),
        "mass_limit_kg": np.array([rule.mass_limit_kg for rule in rules], dtype=np.float32),
        "inferred": np.array([rule.inferred for rule in rules], dtype=bool),
        "built": np.array([rule.built for rule in rules], dtype=bool),
        "duration_s": np.array([rule.duration_s or 0 for rule in rules], dtype=np.int64),
        "ref": np.array(codes, dtype=np.int64),
    }


def _clearances(
    harvest: _Harvest,
    ids: npt.NDArray[np.int64],
    index: npt.NDArray[np.int64],
    begin: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    by_way_m: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    """Clearance of every piece: that of its way, or of a height bar on it."""
    clearance_m = by_way_m.copy()
    if harvest.height_bars:
        bars = np.full(len(ids), np.inf, dtype=np.float32)
        known = np.array(sorted(harvest.height_bars), dtype=np.int64)
        limits = np.array([harvest.height_bars[id] for id in known.tolist()], dtype=np.float32)
        here = np.isin(known, ids)
        bars[np.searchsorted(ids, known[here])] = limits[here]
        for place in np.flatnonzero(np.isfinite(bars[index])):
            # A piece runs from `begin` to `end`; a bar at a junction holds for the pieces that meet there.
            touched = (begin <= place) & (place <= end)
            clearance_m[touched] = np.minimum(clearance_m[touched], bars[index[place]])
    return clearance_m


def _served(expansion: Expansion) -> npt.NDArray[np.bool_]:
    """For each junction, whether turn restrictions leave it a way to and from the main part."""
    n = len(expansion.base_node)
    links = sparse.csr_matrix(
        (np.ones(len(expansion.edge_from), dtype=np.int8), (expansion.edge_from, expansion.edge_to)), shape=(n, n)
    )
    _, component = csgraph.connected_components(links, directed=True, connection="strong")
    centre = int(np.flatnonzero(component == np.argmax(np.bincount(component)))[0])
    reached, reaching = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    reached[csgraph.breadth_first_order(links, centre, return_predecessors=False)] = True
    reaching[csgraph.breadth_first_order(links.T.tocsr(), centre, return_predecessors=False)] = True
    junctions = np.flatnonzero(expansion.base_node == np.arange(n))
    return np.asarray(reaching[junctions] & reached[expansion.arrival_node[junctions]])


def _shapes(
    begin: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    reverse: npt.NDArray[np.bool_],
    real: npt.NDArray[np.bool_],
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Points strictly between the ends of every edge, in driving order."""
    count = np.where(real, end - begin - 1, 0)
    offset = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    rank = np.arange(offset[-1]) - np.repeat(offset[:-1], count)
    forward = np.repeat(begin + 1, count) + rank
    backward = np.repeat(end - 1, count) - rank
    place = np.where(np.repeat(reverse, count), backward, forward)
    return offset, lon[place].astype(np.float32), lat[place].astype(np.float32)
