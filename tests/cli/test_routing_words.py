from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import routing
from api.routing_words import say_reason, say_routing_error
from routing.errors import InvalidClosure, InvalidNetwork, NoRoute, OffNetwork, RoutingError, UnknownProfile

CHINESE = re.compile(r"[一-鿿]")


def text_of(node: ast.expr) -> str | None:
    """The text of a literal; what an f-string fills in becomes X."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
    return None


def reasons() -> set[str]:
    found: set[str] = set()
    for path in sorted(Path(routing.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [word.value for word in node.keywords if word.arg == "reason"]
            if name in ("refuse", "_invalid") and node.args:
                given.append(node.args[-1])
            found |= {text for value in given if (text := text_of(value)) is not None}
    return found


def test_every_reason_is_said_in_chinese():
    assert len(reasons()) > 25
    assert [reason for reason in sorted(reasons()) if not CHINESE.search(say_reason(reason).zh)] == []


@pytest.mark.parametrize(
    "error",
    [
        InvalidNetwork(source="nodes.csv", row=3, field="lon", reason="'x' is not a number"),
        InvalidNetwork(source="a.osm.pbf", row=None, field="file", reason="no such file"),
        InvalidClosure(id="c1", field="geometry", reason="no road of the network lies there"),
        OffNetwork(lon_wgs84=125.0, lat_wgs84=28.0, distance_m=99_999.4, limit_m=500.0),
        NoRoute(from_name="A", to_name="B"),
        UnknownProfile(name="rocket", known=("sedan_bev",)),
    ],
)
def test_every_error_is_said_in_both_languages(error: RoutingError):
    said = say_routing_error(error)
    assert CHINESE.search(said.zh)
    assert not CHINESE.search(said.en)


def test_an_unknown_reason_stays_as_it_is():
    assert say_reason("something new").zh == "something new"
