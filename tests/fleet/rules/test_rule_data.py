"""The rule files themselves: complete, cited word for word, honest about where they bite, of one mind with the code."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path

import pytest

from fleet.people import Role
from fleet.regions import RegionLevel, load_regions
from fleet.requests import Priority, TripRequest
from fleet.rules.document import text
from fleet.rules.jurisdictions import list_districts, list_prefectures
from fleet.rules.model import Origin, RuleType, Status
from fleet.rules.pools import Tier
from fleet.vehicles import Duty, Energy, VehicleState

PACKAGES = ("fleet", "dispatch", "scenarios", "api", "routing")


def sources(repository: Path) -> str:
    return "\n".join(
        path.read_text(encoding="utf-8") for name in PACKAGES for path in (repository / name).rglob("*.py")
    )


def _mentions(text: str, rule_id: str) -> bool:
    """Whether a text names a rule, alone or in a range such as R170-R175."""
    if rule_id in text or f"_{rule_id.lower()}_" in text:
        return True
    ranges = re.findall(r"R(\d{3})-R(\d{3})", text)
    return any(int(first) <= int(rule_id[1:]) <= int(last) for first, last in ranges)


def test_all_rules_are_there(book):
    assert list(book.rules) == [f"R{number:03}" for number in range(1, 208)]
    kinds = [rule.type for rule in book]
    assert [kinds.count(kind) for kind in (RuleType.HARD, RuleType.SOFT, RuleType.IND)] == [119, 47, 41]


def test_every_rule_is_titled_in_both_languages_and_cited(book):
    for rule in book:
        assert re.search(r"[\u4e00-\u9fff]", rule.title_zh), rule.id
        assert re.search(r"[A-Za-z]", rule.title_en), rule.id
        assert rule.citations, rule.id
        for citation in rule.citations:
            document = book.documents[citation.document]
            assert citation.quotation or (document.where and document.seen), (rule.id, citation.document)


def test_quotations_stand_word_for_word_in_their_documents(book, shared_dir):
    names = {
        "000": "000_8cb1a87af8377b70.txt",
        "001": "001_a5aaee3ad2e0819f.txt",
        "002": "002_clean.txt",
        "003": "003_8b844597cce879aa.txt",
        "004": "004_bba4223e877cf284.txt",
    }
    texts = {
        id: re.sub(r"\s+", "", (shared_dir / "policy" / "sources" / name).read_text(encoding="utf-8"))
        for id, name in names.items()
    }
    missing = [
        (rule.id, citation.quotation)
        for rule in book
        for citation in rule.citations
        if citation.quotation
        and citation.document in texts
        and re.sub(r"\s+", "", citation.quotation) not in texts[citation.document]
    ]
    assert missing == []


def test_a_rule_that_rests_on_general_knowledge_says_so(book):
    for rule in book:
        if "general knowledge" in rule.note:
            assert all(
                value.origin in (Origin.UNVERIFIED, Origin.DEFAULT) or value.unit == "day" for value in rule.values
            )


#: What a test that shows a rule refusing looks like: a refusal, a raised error, a finding of a judge, nothing served.
_REFUSES = re.compile(
    r"refus|FORBIDDEN|raises|status_code == (4|status)|rules\(|rule_id|Breach|unserved|left|penalties|prices|== \[\]"
)
#: Rules that set what things are, not what is refused: codes of tables and nouns, numbers of the energy model, proof, records.
_HELD_OTHERWISE = frozenset(
    {"R091", "R002", "R004", "R006", "R036", "R064", "R083", "R144", "R201", "R001", "R172", "R045", "R116", "R118"}
)


def test_enforcement_is_true(book, repository):
    """A rule that is enforced, checked or offered names the file that decides and a test that shows it refusing."""
    functions: dict[str, dict[str, str]] = {}
    for rule in book:
        own = rule.enforcement
        if own.status in (Status.CONTEXT, Status.OPEN):
            assert not own.test, rule.id
            continue
        assert (repository / own.where).is_file(), (rule.id, own.where)
        path, _, name = own.test.partition("::")
        if path not in functions:
            text = (repository / path).read_text(encoding="utf-8")
            functions[path] = {
                node.name: ast.get_source_segment(text, node) or ""
                for node in ast.parse(text).body
                if isinstance(node, ast.FunctionDef)
            }
        assert name in functions[path], (rule.id, own.test)
        if rule.id not in _HELD_OTHERWISE:
            assert _mentions(functions[path][name], rule.id), (rule.id, own.test)
        if own.status is Status.ENFORCED and rule.id not in _HELD_OTHERWISE:
            assert _REFUSES.search(functions[path][name]), (rule.id, own.test)


def test_only_indicators_are_mere_context(book):
    assert [rule.id for rule in book if rule.enforcement.status is Status.CONTEXT and rule.type is RuleType.HARD] == []


def test_no_parameter_is_unused(book, repository):
    """A value in force is read by its key, in code or by the test that holds the code against it, or is named as missing.

    Figures of context rules are for show, and those of open rules wait.
    """
    code = sources(repository) + "\n".join(p.read_text(encoding="utf-8") for p in (repository / "tests").rglob("*.py"))
    unused = [
        f"{rule.id}.{value.name}"
        for rule in book
        if rule.enforcement.status not in (Status.CONTEXT, Status.OPEN)
        for value in rule.values
        if f"{rule.id}.{value.name}" not in code
        and not (f'"{rule.id}"' in code and f'"{value.name}"' in code)
        and value.name not in rule.enforcement.missing
    ]
    assert unused == []


def test_every_key_in_the_code_exists(book, repository):
    known = {f"{rule.id}.{name}" for rule in book for name in (*(v.name for v in rule.values), *rule.to_be_set)}
    asked = set(re.findall(r'["\'](R\d{3}\.[a-z]\w*)["\']', sources(repository)))
    assert asked - known == set()


def test_the_region_table_has_the_counts_of_the_rule(at):
    """R001: 21 prefectures, 183 county-level units, 38 districts and counties; an unknown code is refused."""
    view = at("510700")
    counties = [own for own in load_regions().list() if own.province == "SC" and own.level == "county"]
    assert len(list_prefectures()) == view["R001.sc_prefectures_count"]
    assert len(list_districts()) == view["R001.cq_districts_count"]
    assert len(counties) == view["R001.sc_county_units_count"]


def test_areas_cover_the_prefectures_once_and_are_those_of_the_region_table(book, at):
    """R004 and R005: five cooperation areas, 4+5+4+4+4; economic zones are another grouping."""
    areas = [value.codes or () for value in book.get("R004").values]
    assert [len(codes) for codes in areas] == [4, 5, 4, 4, 4]
    together = [code for codes in areas for code in codes]
    assert sorted(together) == sorted(own.code for own in list_prefectures())
    table = load_regions()
    for codes in areas:
        assert len({table.get(code).cooperation_area for code in codes}) == 1
    assert {own.economic_zone_zh for own in map(table.get, areas[3])} != {table.get("510700").economic_zone_zh}


def test_levels_are_three_and_two(at):
    """R002: province, prefecture, county in Sichuan; municipality and district in Chongqing."""
    table = load_regions().list()
    for province, region, key in (("SC", "510700", "R002.sc_levels_count"), ("CQ", "500101", "R002.cq_levels_count")):
        levels = {own.level for own in table if own.province == province} - {RegionLevel.ZONE}
        assert len(levels) == at(region)[key]


def test_clusters_cover_the_districts_once(book, at):
    """R006: one area and two clusters, 21 + 11 + 6, as the region table has them."""
    names = ("cluster_metropolitan", "cluster_northeast", "cluster_southeast")
    clusters = [at("500101").codes(f"R006.{name}") for name in names]
    table = load_regions()
    assert all(len({table.get(code).cluster_zh for code in codes}) == 1 for codes in clusters)
    assert {value.name for value in book.get("R006").values} == set(names)
    assert [len(codes) for codes in clusters] == [21, 11, 6]
    assert sorted(code for codes in clusters for code in codes) == sorted(own.code for own in list_districts())


def test_the_seventeen_are_the_prefectures_without_the_exempt_four(book, at):
    """R020: Garze, Aba, Liangshan and Panzhihua are exempt, and in no other group."""
    exempt = set(at("513300").codes("R020.exempt_areas"))
    assert set(book.groups["SC17"]) == {own.code for own in list_prefectures()} - exempt
    table = load_regions()
    assert {own.code for own in list_prefectures() if table.get(own.code).nev_exempt} == exempt


def test_alliances_are_those_of_the_region_table(book):
    """R007, R008: members of the alliances in both tables."""
    table = {alliance.id: set(alliance.members) for alliance in load_regions().alliances}
    values = {value.name: set(value.codes or ()) for id in ("R007", "R008", "R009") for value in book.get(id).values}
    assert table["CNYX8"] == values["members"]
    assert table["MY-BB"] == values["pair_mianyang_beibei"]
    assert table["SN-TN"] == values["pair_suining_tongnan"]
    assert table["ZY-DZ"] == values["pair_ziyang_dazu"]
    assert table["JLJ"] == values["sc_members"] | values["cq_members"]


def test_codes_of_rules_are_those_of_the_nouns(at):
    view = at("510700")
    assert view.codes("R077.order") == tuple(Priority)
    assert view.codes("R069.order") == tuple(tier.name.lower() for tier in Tier)
    assert set(view.codes("R036.classes")) == set(Duty) - {Duty.RENTAL}
    assert set(view.codes("R031.drive_trains")) == {energy for energy in Energy if energy.is_nev}
    assert set(view.codes("R037.dispatchable_states")) <= set(VehicleState)
    assert set(view.codes("R182.roles")) == set(Role)
    assert set(view.codes("R068.fields")) <= set(TripRequest.__dataclass_fields__)


def test_all_rules_answer_plainly_on_any_day_of_the_plan_and_after(book):
    for day in (date(2021, 1, 1), date(2024, 2, 29), date(2026, 11, 20)):
        for region in ("510000", "510100", "511623", "500000", "500152", "513300"):
            view = book.at(day, region)
            for rule in book:
                for value in rule.values:
                    found = view.find(f"{rule.id}.{value.name}")
                    assert found is None or found.from_day <= day


@pytest.mark.parametrize("document", ["docs/rules.md"])
def test_the_document_is_the_data(book, repository, document):
    assert (repository / document).read_text(encoding="utf-8") == text(book), (
        "python -m fleet.rules.document > docs/rules.md"
    )
