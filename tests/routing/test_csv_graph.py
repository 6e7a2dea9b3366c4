from __future__ import annotations

from pathlib import Path

import pytest

from routing.csv_graph import load_csv
from routing.errors import InvalidNetwork
from routing.graph import Confidence

NODES = "node_id,lon,lat\na,104.0,30.0\nb,104.01,30.0\nc,104.02,30.0\n"


def write(folder: Path, edges: str, nodes: str = NODES) -> tuple[Path, Path]:
    (folder / "nodes.csv").write_text(nodes, encoding="utf-8")
    (folder / "edges.csv").write_text(edges, encoding="utf-8")
    return folder / "nodes.csv", folder / "edges.csv"


def test_rows_without_direction_are_two_way(tmp_path: Path):
    graph = load_csv(*write(tmp_path, "from,to,length_m\na,b,100\nb,c,50.6\n"), default_speed_mps=10)
    edges = sorted(zip(graph.edge_from.tolist(), graph.edge_to.tolist(), graph.length_m.tolist(), strict=True))
    assert edges == [(0, 1, 100), (1, 0, 100), (1, 2, 51), (2, 1, 51)]


def test_a_way_back_that_is_listed_stands_for_itself(tmp_path: Path):
    graph = load_csv(*write(tmp_path, "from,to,length_m\na,b,100\nb,a,130\n"), default_speed_mps=10)
    assert graph.edge_count == 2
    assert graph.length_m.tolist() == [100, 130]


def test_oneway_speed_toll_ref_and_confidence(tmp_path: Path):
    text = "from,to,length_m,oneway,speed_kmh,toll_fen,ref,confidence\na,b,100,yes,72,250,G5,inferred\nb,c,9,,,,,\n"
    graph = load_csv(*write(tmp_path, text), default_speed_mps=10)
    assert graph.edge_count == 3
    assert graph.speed_mps.tolist() == [20, 10, 10]
    assert graph.toll_fen.tolist() == [250, 0, 0]
    assert graph.refs[graph.ref_index[0]] == "G5"
    assert graph.confidence.tolist() == [Confidence.INFERRED, Confidence.SOURCED, Confidence.SOURCED]
    assert "36.0km/h" in graph.name
    assert "1 of 2 rows without a speed drive at 36.0 km/h" in graph.notes[0]


@pytest.mark.parametrize(
    ("edges", "row", "field"),
    [
        ("from,to,length_m\na,b,100\na,x,100\n", 2, "to"),
        ("from,to,length_m\na,b,far\n", 1, "length_m"),
        ("from,to,length_m\na,b,-1\n", 1, "length_m"),
        ("from,to,length_m\na,b,nan\n", 1, "length_m"),
        ("from,to,length_m\na,b\n", 1, "row"),
        ("from,to,length_m,oneway\na,b,1,perhaps\n", 1, "oneway"),
        ("from,to,length_m,confidence\na,b,1,sure\n", 1, "confidence"),
        ("from,to,length_m,speed_kmh\na,b,1,0\n", 1, "speed_kmh"),
        ("from,to\na,b\n", None, "length_m"),
        ("from,to,length_m\n", None, "file"),
    ],
)
def test_errors_name_row_and_field(tmp_path: Path, edges: str, row: int | None, field: str):
    with pytest.raises(InvalidNetwork) as caught:
        load_csv(*write(tmp_path, edges), default_speed_mps=10)
    assert (caught.value.row, caught.value.field) == (row, field)


@pytest.mark.parametrize(
    ("nodes", "row", "field"),
    [
        ("node_id,lon,lat\na,1,2\na,1,2\n", 2, "node_id"),
        ("node_id,lon,lat\n,1,2\n", 1, "node_id"),
        ("node_id,lon,lat\na,200,2\n", 1, "lon"),
        ("node_id,lon,lat\na,30,104\n", 1, "lat"),
        ("lon,lat\n1,2\n", None, "node_id"),
    ],
)
def test_node_errors(tmp_path: Path, nodes: str, row: int | None, field: str):
    with pytest.raises(InvalidNetwork) as caught:
        load_csv(*write(tmp_path, "from,to,length_m\na,b,1\n", nodes), default_speed_mps=10)
    assert (caught.value.row, caught.value.field) == (row, field)


def test_unreadable_files(tmp_path: Path):
    nodes, edges = write(tmp_path, "from,to,length_m\na,b,1\n")
    with pytest.raises(InvalidNetwork, match="not readable"):
        load_csv(nodes, tmp_path / "missing.csv", default_speed_mps=10)
    edges.write_bytes(b"from,to,length_m\n\xff\xfe,b,1\n")
    with pytest.raises(InvalidNetwork, match="UTF-8"):
        load_csv(nodes, edges, default_speed_mps=10)
    with pytest.raises(InvalidNetwork, match="default_speed_mps"):
        load_csv(nodes, edges, default_speed_mps=0)


def test_the_chengdu_graph(shared_dir: Path):
    folder = shared_dir / "data" / "chengdu"
    graph = load_csv(folder / "nodes.csv", folder / "edges.csv", default_speed_mps=30 / 3.6)
    assert graph.node_count == 4139
    assert graph.edge_count == 12136
    assert graph.name == "chengdu@30.0km/h"
