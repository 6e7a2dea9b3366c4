"""Every error of the lower rooms has an answer in both languages."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import dispatch
import fleet
import routing
from api import errors
from api.problems import ANSWERS, answer_for, presentable
from api.remedies import REMEDIES_ZH
from api.vocabulary import ACTIONS, CAUSES, KINDS, STATES
from api.wording import Text, choose_language
from dispatch.plan import Cause
from fleet.documents import KINDS as STORED_KINDS
from fleet.itineraries import DRIVER_ACTIONS, AssignmentState
from fleet.requests import RequestState
from fleet.vehicles import VehicleState

CHINESE = re.compile(r"[一-鿿]")


def errors_of(package) -> list[type[Exception]]:
    """Collect the public exceptions that a package defines."""
    found: set[type[Exception]] = set()
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".bench" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if (
                inspect.isclass(value)
                and issubclass(value, Exception)
                and value.__module__.startswith(package.__name__)
                and not name.startswith("_")
            ):
                found.add(value)
    return sorted(found, key=lambda kind: f"{kind.__module__}.{kind.__name__}")


@pytest.mark.parametrize(
    "kind", [*errors_of(fleet), *errors_of(routing), *errors_of(dispatch)], ids=lambda k: k.__name__
)
def test_every_error_of_the_lower_rooms_has_an_answer(kind):
    answer = answer_for(kind)
    assert answer is not None, f"api.problems.ANSWERS says nothing about {kind.__module__}.{kind.__name__}"


@pytest.mark.parametrize("kind", list(ANSWERS), ids=lambda k: k.__name__)
def test_every_answer_is_worded_in_both_languages(kind):
    answer = ANSWERS[kind]
    assert 400 <= answer.status < 600
    assert re.fullmatch(r"[a-z0-9-]+", answer.slug)
    for text in (answer.title, answer.detail):
        assert CHINESE.search(text.zh)
        assert not CHINESE.search(text.en)
        assert set(re.findall(r"{(\w+)}", text.zh)) <= set(re.findall(r"{(\w+)}", text.en))


def test_every_error_of_the_api_itself_has_its_own_answer():
    kinds = [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, errors.ApiError) and value is not errors.ApiError
    ]
    assert kinds
    assert [kind.__name__ for kind in kinds if kind not in ANSWERS] == []


@pytest.mark.parametrize(
    ("table", "needed"),
    [
        (KINDS, set(STORED_KINDS)),
        (STATES, {*RequestState, *AssignmentState, *VehicleState}),
        (ACTIONS, set(DRIVER_ACTIONS)),
        (CAUSES, set(Cause)),
    ],
)
def test_every_word_that_a_message_needs_is_in_both_languages(table, needed):
    assert {str(word) for word in needed} <= {str(word) for word in table}
    for text in table.values():
        assert CHINESE.search(text.zh)
        assert not CHINESE.search(text.en)


def literal_remedies() -> set[str]:
    """Collect the remedies that ``fleet`` writes as plain literals, by keyword or as the last argument of ``refuse``."""
    found: set[str] = set()
    for path in sorted(Path(fleet.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            named = [word.value for word in node.keywords if word.arg == "remedy"]
            is_refuse = isinstance(node.func, ast.Name) and node.func.id == "refuse"
            for value in [*named, *(node.args[-1:] if is_refuse else [])]:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found.add(value.value)
    return found


def test_every_literal_remedy_of_fleet_is_translated():
    remedies = literal_remedies()
    assert len(remedies) > 10
    assert sorted(remedies - set(REMEDIES_ZH)) == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "zh"),
        ("", "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.3, zh;q=0.5", "zh"),
        ("fr-FR", "zh"),
        ("fr, en;q=0.5", "en"),
        ("en;q=0", "zh"),
        ("*;q=x, en;q=abc", "zh"),
        ("en, zh", "en"),
    ],
)
def test_the_language_follows_accept_language(header, expected):
    assert choose_language(header) == expected


def test_what_is_sent_back_is_always_json():
    assert presentable(float("inf")) == "inf"
    assert presentable("\ud800") == "\\ud800"
    assert len(str(presentable("x" * 1000))) < 210
    assert presentable([1.5, None, True]) == [1.5, None, True]
    assert presentable({"a": object()}).startswith("{")


def test_a_text_leaves_its_braces_alone_without_fields():
    assert Text("{x}", "{x}").say("zh") == "{x}"
    assert Text("{x}", "{x}").say("en", {"x": 1}) == "1"
