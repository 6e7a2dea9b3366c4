"""The network as the map shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.road_lines import network_collection
from api.settings import load_settings
from routing.builtin import load_builtin
from routing.errors import InvalidNetwork
from routing.osm import import_osm
from routing.stored import open_network, save_network


def test_an_imported_network_is_shown_with_its_shapes(shared_dir: Path):
    graph, report = import_osm([shared_dir / "data" / "osm" / "monaco.osm.pbf"], country="EU")
    lines = network_collection(graph)["features"]
    assert report.edge_count / 2 <= len(lines) <= report.edge_count
    assert all(len(line["geometry"]["coordinates"]) >= 2 for line in lines)
    assert max(len(line["geometry"]["coordinates"]) for line in lines) > 10
    assert "residential" in {line["properties"]["road_class"] for line in lines}


def test_a_large_network_shows_its_main_roads(shared_dir: Path, monkeypatch: pytest.MonkeyPatch):
    graph, _ = import_osm([shared_dir / "data" / "osm" / "andorra.osm.pbf"], country="EU")
    monkeypatch.setattr("api.road_lines.MOST_SHOWN_EDGES", 2000)
    classes = {line["properties"]["road_class"] for line in network_collection(graph)["features"]}
    assert "primary" in classes
    assert "residential" not in classes


def test_the_server_opens_the_network_that_the_environment_names(tmp_path: Path, shared_dir: Path):
    assert load_settings({}).network == "builtin"
    assert open_network("builtin").digest() == load_builtin().digest()
    graph, _ = import_osm([shared_dir / "data" / "osm" / "monaco.osm.pbf"], country="EU")
    save_network(graph, tmp_path / "monaco")
    named = load_settings({"CHUANYU_NETWORK": str(tmp_path / "monaco")}).network
    assert open_network(named).digest() == graph.digest()
    with pytest.raises(InvalidNetwork):
        open_network(str(tmp_path / "nowhere"))
