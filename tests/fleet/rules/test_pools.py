"""Who may help whom: tier order, the pooled flag, cooperation areas, alliance pairs, base tier, expiry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product

import pytest

from fleet.agreements import confirm, suspend
from fleet.ids import AgreementId, PersonId, RegionCode, UnitId
from fleet.rules.jurisdictions import list_districts, list_prefectures
from fleet.rules.load import with_overrides
from fleet.rules.pools import PoolRules, Tier, pair_basis, propose
from fleet.units import Level
from fleet.vehicles import Duty

DAY = date(2026, 3, 2)


@pytest.fixture
def agreed(book):
    def make(*regions: str, review_on: date = date(2026, 12, 31), sides: int = 2):
        agreement = propose(
            id=AgreementId("-".join(regions)),
            book=book,
            day=date(2026, 1, 5),
            regions=tuple(map(RegionCode, regions)),
            coordinator_id=UnitId("c"),
            review_on=review_on,
        )
        for number, region in enumerate(regions[:sides]):
            agreement = confirm(
                agreement, region=RegionCode(region), by=PersonId(f"p{number}"), at=datetime(2026, 1, 5, tzinfo=UTC)
            )
        return agreement

    return make


@pytest.fixture
def ask(book, a_unit, a_vehicle):
    def answer(requester, owner, *agreements, day=DAY, **vehicle):
        one = requester if not isinstance(requester, str) else a_unit("asks", requester)
        other = owner if not isinstance(owner, str) else a_unit("owns", owner)
        rules = PoolRules(book=book, day=day, agreements=agreements)
        return rules.answer(requester=one, owner=other, vehicle=a_vehicle("v", other.id, other.region, **vehicle))

    return answer


def test_tiers_within_a_region(ask, a_unit):
    """R069: same compound, same level, other level; one's own vehicle is nearest of all."""
    asks = a_unit("a", compound="市政中心")
    assert ask(asks, asks).tier is Tier.COMPOUND
    assert ask(asks, a_unit("b", compound="市政中心")).tier is Tier.COMPOUND
    assert ask(asks, a_unit("b", level=Level.COUNTY, compound="市政中心")).tier is Tier.COMPOUND
    assert ask(asks, a_unit("b", compound="别处")).tier is Tier.SAME_LEVEL
    assert ask(asks, a_unit("b", level=Level.COUNTY)).tier is Tier.SAME_REGION
    assert ask(asks, a_unit("b", region="510722", level=Level.COUNTY)).tier is Tier.SAME_REGION


def test_only_pooled_vehicles_serve_other_units(ask, a_unit):
    """R070: ad-hoc borrowing is refused even from the next door; one's own unit is served all the same."""
    unit = a_unit("a", compound="市政中心")
    refused = ask(unit, a_unit("b", compound="市政中心"), pooled=False)
    assert refused.tier is None
    assert refused.refusal.rule_id == "R070"
    assert refused.refusal.message_zh
    assert ask(unit, unit, pooled=False).tier is Tier.COMPOUND


def test_listed_vehicles_stay_in_their_unit(ask, a_unit):
    """R039: over-quota and over-standard vehicles are not dispatched across units."""
    assert ask(a_unit("a"), a_unit("b"), listed=True).refusal.rule_id == "R039"
    assert ask(a_unit("a"), a_unit("a"), listed=True).tier is Tier.COMPOUND


def test_cooperation_areas_by_opt_in_of_both(ask, agreed):
    """R105, R004: a Zigong request gets a Luzhou car; with either opt-in off it is refused with that reason."""
    both = agreed("510300"), agreed("510500")
    assert ask("510300", "510500", *both).tier is Tier.COOPERATION_AREA
    assert ask("510300", "510521", *both).tier is Tier.COOPERATION_AREA
    for left in both:
        refused = ask("510300", "510500", left)
        assert refused.tier is None
        assert (refused.refusal.rule_id, refused.refusal.code) == ("R105", "not_opted_in")
    off = suspend(both[1], reason="停用")
    assert ask("510300", "510500", both[0], off).refusal.code == "not_opted_in"


def test_economic_zones_permit_nothing(ask, agreed):
    """R005: Leshan lies in Chengdu's economic zone and not in its cooperation area."""
    assert ask("511100", "510100", agreed("511100"), agreed("510100")).refusal.rule_id == "R107"


def test_base_zones_are_open_until_switched_off(ask, agreed):
    """R010: Suining-Tongnan and Linshui-Yubei without more ado; a suspended agreement closes them."""
    assert ask("510900", "500152").tier is Tier.ALLIED
    assert ask("500152", "510903").rule_id == "R010"
    assert ask("511623", "500112").tier is Tier.ALLIED
    assert ask("511600", "500112").refusal.rule_id == "R107"
    off = suspend(agreed("510900", "500152"), reason="停用")
    assert ask("510900", "500152", off).refusal.code == "pair_not_enabled"


@pytest.mark.parametrize(
    ("a", "b", "rule"),
    [
        ("510300", "500118", "R007"),
        ("510700", "500109", "R008"),
        ("511700", "500101", "R011"),
        ("510900", "500117", "R012"),
    ],
)
def test_pairs_are_open_by_agreement_only(ask, agreed, a, b, rule):
    """R007, R008, R011, R012, R106: off by default, open with both sides' word, either way round."""
    assert ask(a, b).refusal.rule_id == "R107"
    answer = ask(a, b, agreed(a, b))
    assert (answer.tier, answer.rule_id) == (Tier.ALLIED, rule)
    assert ask(b, a, agreed(a, b)).tier is Tier.ALLIED


def test_half_confirmed_and_expired_agreements_permit_nothing(ask, agreed):
    """R012 and R017: the refusal names whose word is missing, or the date of the missed review."""
    half = ask("510700", "500109", agreed("510700", "500109", sides=1))
    assert (half.refusal.rule_id, half.refusal.code) == ("R012", "not_confirmed")
    assert "北碚" in half.refusal.message_zh
    late = ask("510700", "500109", agreed("510700", "500109", review_on=date(2026, 3, 1)))
    assert (late.refusal.rule_id, late.refusal.code) == ("R017", "agreement_expired")


def test_garze_and_wushan_never(ask, book):
    """R107: pairs that no rule opens are infeasible whatever they cost."""
    assert ask("513300", "500237").refusal.code == "pair_not_open"
    open_pairs = {
        (a.code, b.code)
        for a, b in product(list_prefectures(), list_districts())
        if pair_basis(book, DAY, a.code, b.code) is not None
    }
    assert ("513300", "500237") not in open_pairs
    assert not any(a in ("513300", "513200", "513400", "510400") for a, _ in open_pairs)


def test_jialing_takes_members_of_chongqing_when_an_office_names_them(book):
    """R009: open-ended; a signed local file adds the district."""
    assert pair_basis(book, DAY, "511300", "500117") is None
    text = """
overrides = "R009"
[signature]
person = "王五"
on = 2026-01-05
reason = "两地协议"
[[values]]
name = "cq_members"
codes = ["500117"]
unit = "region"
regions = ["500117"]
from = 2026-01-06
origin = "local"
"""
    own = with_overrides(book, {"jialing.toml": text})
    assert pair_basis(own, DAY, "511300", "500117").rule_id == "R009"


def test_rental_vehicles_come_last_and_only_where_help_is_open(ask, a_unit):
    """R069: rental is tier 6; R107 holds for it too."""
    assert ask(a_unit("a"), a_unit("b"), duty=Duty.RENTAL).tier is Tier.RENTAL
    assert ask("513300", "500237", duty=Duty.RENTAL).refusal.rule_id == "R107"


def test_the_order_is_that_of_the_rule(book):
    """R069."""
    names = book.get("R069").values[0].codes
    assert [Tier[name.upper()] for name in names] == sorted(Tier)


def test_answers_never_depend_on_who_asks_first(book, agreed, a_unit, a_vehicle):
    regions = ("510300", "510500", "500118", "510900", "500152", "513300", "500237", "510000", "500000")
    agreements = (agreed("510300"), agreed("510500"), agreed("510300", "500118"))
    rules = PoolRules(book=book, day=DAY, agreements=agreements)
    reverse = PoolRules(book=book, day=DAY, agreements=tuple(reversed(agreements)))
    for a, b in product(regions, regions):
        one, other = a_unit("asks", a), a_unit("owns", b)
        vehicle = a_vehicle("v", "owns", b)
        answer = rules.answer(requester=one, owner=other, vehicle=vehicle)
        assert answer == reverse.answer(requester=one, owner=other, vehicle=vehicle)
        assert (answer.tier is None) == (answer.refusal is not None)
        back = rules.answer(requester=other, owner=one, vehicle=replace(vehicle, unit_id=one.id, region=one.region))
        assert (back.tier is None) == (answer.tier is None)
