"""Agreements between offices: which regions may help each other, confirmed by every side, with coordinator and dates.

A **pair** (两地互助) enables dispatch between two regions (R007-R012, R106, R107); an **opt-in** (片区加入) lets the pooled
vehicles of one prefecture serve its cooperation area (R105). Both count only while active and before their review (R017).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from fleet.errors import IllegalTransition, InvalidFact
from fleet.ids import AgreementId, PersonId, RegionCode, UnitId
from fleet.settlements import Tariff


class AgreementKind(StrEnum):
    PAIR = "pair"
    OPT_IN = "opt_in"


class AgreementTier(StrEnum):
    """Which rule opens the pair: base (R010), extension (R011), alliance (R007-R009) or adjoining districts (R012)."""

    BASE = "base"
    EXTENSION = "extension"
    ALLIANCE = "alliance"
    BORDER = "border"
    AREA = "area"


class AgreementState(StrEnum):
    PROPOSED = "proposed"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """One side's word: who gave it, for which region, when."""

    region: RegionCode
    person_id: PersonId
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One agreement. ``regions`` are its sides; ``basis`` the rule that permits it.

    It holds from ``starts_on`` to ``review_on``, both days included: an agreement that was not reviewed in time permits
    nothing. ``document_no`` is the number of the signed paper, ``settlement`` the name of the agreed
    tariff and ``tariff`` its prices (R109): both sides confirm them with the rest.
    """

    id: AgreementId
    kind: AgreementKind
    tier: AgreementTier
    basis: str
    regions: tuple[RegionCode, ...]
    coordinator_id: UnitId
    starts_on: date
    review_on: date
    document_no: str = ""
    settlement: str = ""
    tariff: Tariff | None = None
    confirmations: tuple[Confirmation, ...] = ()
    state: AgreementState = AgreementState.PROPOSED
    reason: str = ""

    def __post_init__(self) -> None:
        def refuse(field: str, value: object, remedy: str) -> InvalidFact:
            return InvalidFact(kind="agreement", id=self.id, field=field, value=value, remedy=remedy)

        sides = 2 if self.kind is AgreementKind.PAIR else 1
        if len(self.regions) != sides or len(set(self.regions)) != sides:
            raise refuse("regions", list(self.regions), "two different regions for a pair, one for an opt-in")
        if self.review_on < self.starts_on:
            raise refuse("review_on", self.review_on.isoformat(), "R017: a review date not before the start")
        if not self.coordinator_id:
            raise refuse("coordinator_id", "", "R017: the office that coordinates")
        if self.state is AgreementState.ACTIVE and self.missing_sides:
            remedy = f"R012: confirmed by both sides; missing {', '.join(self.missing_sides)}"
            raise refuse("confirmations", len(self.confirmations), remedy)

    @property
    def missing_sides(self) -> tuple[RegionCode, ...]:
        """The sides that have not confirmed."""
        confirmed = {confirmation.region for confirmation in self.confirmations}
        return tuple(region for region in self.regions if region not in confirmed)

    def holds_on(self, day: date) -> bool:
        """Return whether it permits dispatch on a local day."""
        return self.state is AgreementState.ACTIVE and self.starts_on <= day <= self.review_on


def confirm(agreement: Agreement, *, region: RegionCode, by: PersonId, at: datetime) -> Agreement:
    """Record one side's word; with the last one the agreement becomes active.

    Raises
    ------
    IllegalTransition
        If it is no longer a proposal, or that side has confirmed before.
    InvalidFact
        If the region is none of its sides, or one person speaks for both.
    """
    if agreement.state is not AgreementState.PROPOSED:
        raise IllegalTransition(kind="agreement", id=agreement.id, state=agreement.state, action="confirm")
    if region not in agreement.regions:
        raise InvalidFact(
            kind="agreement",
            id=agreement.id,
            field="region",
            value=region,
            remedy=f"R012: one of its sides, {', '.join(agreement.regions)}",
        )
    if region not in agreement.missing_sides:
        raise IllegalTransition(kind="agreement", id=agreement.id, state="confirmed", action="confirm")
    if any(confirmation.person_id == by for confirmation in agreement.confirmations):
        raise InvalidFact(
            kind="agreement",
            id=agreement.id,
            field="person_id",
            value=by,
            remedy="R012: each side is confirmed by a person of its own",
        )
    confirmations = (*agreement.confirmations, Confirmation(region=region, person_id=by, at=at))
    complete = set(agreement.regions) == {confirmation.region for confirmation in confirmations}
    return replace(
        agreement,
        confirmations=confirmations,
        state=AgreementState.ACTIVE if complete else AgreementState.PROPOSED,
    )


def suspend(agreement: Agreement, *, reason: str) -> Agreement:
    """Either side switches it off for a time; nothing is dispatched over it until it is resumed."""
    if agreement.state is not AgreementState.ACTIVE:
        raise IllegalTransition(kind="agreement", id=agreement.id, state=agreement.state, action="suspend")
    return replace(agreement, state=AgreementState.SUSPENDED, reason=_said(agreement, reason))


def resume(agreement: Agreement) -> Agreement:
    """Switch a suspended agreement on again; its confirmations still stand."""
    if agreement.state is not AgreementState.SUSPENDED:
        raise IllegalTransition(kind="agreement", id=agreement.id, state=agreement.state, action="resume")
    return replace(agreement, state=AgreementState.ACTIVE, reason="")


def end(agreement: Agreement, *, reason: str) -> Agreement:
    """End it for good."""
    if agreement.state is AgreementState.ENDED:
        raise IllegalTransition(kind="agreement", id=agreement.id, state=agreement.state, action="end")
    return replace(agreement, state=AgreementState.ENDED, reason=_said(agreement, reason))


def renew(agreement: Agreement, *, review_on: date, reason: str) -> Agreement:
    """The joint meeting reviewed it (R017): it asks for every side's word again, until a later review."""
    if agreement.state is AgreementState.ENDED:
        raise IllegalTransition(kind="agreement", id=agreement.id, state=agreement.state, action="renew")
    if review_on <= agreement.review_on:
        raise InvalidFact(
            kind="agreement",
            id=agreement.id,
            field="review_on",
            value=review_on.isoformat(),
            remedy=f"R017: after {agreement.review_on.isoformat()}",
        )
    return replace(
        agreement,
        review_on=review_on,
        confirmations=(),
        state=AgreementState.PROPOSED,
        reason=_said(agreement, reason),
    )


def _said(agreement: Agreement, reason: str) -> str:
    if not reason.strip():
        raise InvalidFact(kind="agreement", id=agreement.id, field="reason", value=reason, remedy="say why")
    return reason.strip()
