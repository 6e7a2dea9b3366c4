"""Agreements: both sides' word, dates, and what may become of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from fleet.agreements import AgreementKind, AgreementState, AgreementTier, confirm, end, renew, resume, suspend
from fleet.documents import decode, encode
from fleet.errors import IllegalTransition, InvalidFact
from fleet.ids import AgreementId, PersonId, RegionCode, UnitId
from fleet.rules.load import load
from fleet.rules.pools import list_due, propose

AT = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
DAY = date(2026, 1, 5)
SUINING, TONGNAN = RegionCode("510900"), RegionCode("500152")


def a_pair(*regions: RegionCode, review_on: date = date(2026, 12, 31)):
    return propose(
        id=AgreementId("a1"),
        book=load(),
        day=DAY,
        regions=regions or (RegionCode("512000"), RegionCode("500111")),
        coordinator_id=UnitId("u-zy"),
        review_on=review_on,
    )


def confirmed(agreement):
    for number, region in enumerate(agreement.regions):
        agreement = confirm(agreement, region=region, by=PersonId(f"p{number}"), at=AT)
    return agreement


def test_a_pair_permits_only_when_both_sides_have_confirmed():
    """R012: one side's word is not enough."""
    proposed = a_pair()
    assert (proposed.kind, proposed.tier, proposed.basis) == (AgreementKind.PAIR, AgreementTier.ALLIANCE, "R008")
    assert not proposed.holds_on(DAY)
    half = confirm(proposed, region=proposed.regions[0], by=PersonId("p0"), at=AT)
    assert half.state is AgreementState.PROPOSED
    assert half.missing_sides == (RegionCode("500111"),)
    assert not half.holds_on(DAY)
    whole = confirm(half, region=proposed.regions[1], by=PersonId("p1"), at=AT)
    assert whole.state is AgreementState.ACTIVE
    assert whole.holds_on(DAY)


def test_one_person_does_not_speak_for_both_sides_nor_a_stranger_for_one():
    half = confirm(a_pair(), region=RegionCode("512000"), by=PersonId("p0"), at=AT)
    with pytest.raises(InvalidFact, match="R012"):
        confirm(half, region=RegionCode("500111"), by=PersonId("p0"), at=AT)
    with pytest.raises(InvalidFact, match="R012"):
        confirm(half, region=RegionCode("510100"), by=PersonId("p1"), at=AT)
    with pytest.raises(IllegalTransition):
        confirm(half, region=RegionCode("512000"), by=PersonId("p2"), at=AT)


def test_an_agreement_cannot_be_active_without_its_words():
    with pytest.raises(InvalidFact, match="R012"):
        replace(a_pair(), state=AgreementState.ACTIVE)


def test_it_ends_with_its_review_date():
    """R017: not reviewed in time, it permits nothing."""
    agreement = confirmed(a_pair(review_on=date(2026, 6, 30)))
    assert agreement.holds_on(date(2026, 6, 30))
    assert not agreement.holds_on(date(2026, 7, 1))
    assert not agreement.holds_on(date(2026, 1, 4))
    assert list_due([agreement], day=date(2026, 6, 20), within_days=30) == (agreement,)
    assert list_due([agreement], day=date(2026, 1, 20), within_days=30) == ()
    renewed = renew(agreement, review_on=date(2027, 6, 30), reason="联席会议复审")
    assert renewed.state is AgreementState.PROPOSED
    assert confirmed(renewed).holds_on(date(2026, 7, 1))
    with pytest.raises(InvalidFact, match="R017"):
        renew(agreement, review_on=date(2026, 6, 30), reason="联席会议复审")


def test_switching_off_and_on_and_ending():
    agreement = confirmed(a_pair())
    off = suspend(agreement, reason="车辆年检")
    assert not off.holds_on(DAY)
    assert resume(off).holds_on(DAY)
    over = end(off, reason="并入新协议")
    for action in (suspend, end):
        with pytest.raises(IllegalTransition):
            action(over, reason="x")
    with pytest.raises(IllegalTransition):
        resume(over)
    with pytest.raises(IllegalTransition):
        renew(over, review_on=date(2030, 1, 1), reason="x")
    with pytest.raises(InvalidFact, match="say why"):
        suspend(agreement, reason=" ")


@pytest.mark.parametrize(
    "regions",
    [
        ("513300", "500237"),  # Garze and Wushan: no rule opens it (R107)
        ("510700", "510100"),  # two prefectures of one province
        ("510900", "510900"),
        ("500101", "500102"),
        ("500152",),  # Chongqing has no cooperation areas
    ],
)
def test_a_pair_that_no_rule_opens_cannot_even_be_proposed(regions):
    """R107: Garze and Wushan are never offered."""
    with pytest.raises(InvalidFact, match="R107"):
        a_pair(*map(RegionCode, regions))


@pytest.mark.parametrize(
    ("regions", "basis"),
    [
        (("511623", "500112"), "R010"),
        (("510900", "500152"), "R010"),
        (("510700", "500109"), "R008"),
        (("510300", "500118"), "R007"),
        (("511700", "500101"), "R011"),
        (("511600", "500112"), "R011"),
        (("510900", "500117"), "R012"),
    ],
)
def test_the_rule_behind_a_pair(regions, basis):
    """R007, R008, R010, R011 and R012 each open their pairs, from either side."""
    assert a_pair(*map(RegionCode, regions)).basis == basis
    assert a_pair(*map(RegionCode, reversed(regions))).basis == basis


def test_a_record_is_whole():
    for change in (
        {"coordinator_id": UnitId("")},
        {"review_on": date(2026, 1, 1)},
        {"regions": (SUINING,)},
        {"kind": AgreementKind.OPT_IN},
    ):
        with pytest.raises(InvalidFact):
            replace(a_pair(), **change)


def test_it_is_a_document():
    agreement = confirmed(a_pair())
    assert decode("agreement", encode(agreement)) == agreement
