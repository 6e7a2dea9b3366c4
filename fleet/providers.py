"""Providers of socialised support: rental firms and public fleet companies, their contracts, evaluations and live feeds.

A provider works under a contract of one of the three modes of rule R091; a contract is active only with all clauses that
rule R097 asks for, and a new contract year only begins for a provider that was evaluated in the one before (R099).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from fleet.errors import IllegalTransition, InvalidFact
from fleet.ids import PersonId, ProviderId, RegionCode, UnitId


class ProviderKind(StrEnum):
    """A rental firm (租赁企业), or a public fleet company such as a reception fleet (机关车队), with drivers (R104)."""

    RENTAL_FIRM = "rental_firm"
    FLEET_COMPANY = "fleet_company"


class SupportMode(StrEnum):
    """The three modes of socialised support (R091): 临时租赁, 分时租赁, 编制内购买服务."""

    TEMPORARY_RENTAL = "temporary_rental"
    TIME_SHARE_RENTAL = "time_share_rental"
    PURCHASED_SERVICE = "purchased_service"


class ContractState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class Clause:
    """What the contract says on a point: acceptance and objection, payment (audit if required), price, insurance, return."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class ServiceLevel:
    """A promise of the provider: at least so many of a thousand orders ``in_time`` (car there) or without ``breakdown``."""

    code: str
    at_least_per_mille: int


@dataclass(frozen=True, kw_only=True)
class Contract:
    """One contract, valid on both its days.

    ``purchased_count`` vehicles of purchased service count in the quota of ``unit_id`` (R092); both only for that mode.
    """

    id: str
    mode: SupportMode
    starts_on: date
    ends_on: date
    document_no: str = ""
    clauses: tuple[Clause, ...] = ()
    service_levels: tuple[ServiceLevel, ...] = ()
    unit_id: UnitId | None = None
    purchased_count: int = 0
    state: ContractState = ContractState.DRAFT

    def __post_init__(self) -> None:
        if self.ends_on < self.starts_on:
            raise InvalidFact(
                kind="provider",
                id=self.id,
                field="ends_on",
                value=self.ends_on.isoformat(),
                remedy="not before starts_on",
            )

    def holds_on(self, day: date) -> bool:
        return self.state is ContractState.ACTIVE and self.starts_on <= day <= self.ends_on

    def year_of(self, day: date) -> int:
        """The contract year of a day, counted from 0."""
        passed = day.year - self.starts_on.year
        return passed - ((day.month, day.day) < (self.starts_on.month, self.starts_on.day))


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A contract year judged (履约考核评价), 0 to 100."""

    contract_id: str
    contract_year: int
    score: int
    by: PersonId
    at: datetime
    note: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 100:
            raise InvalidFact(
                kind="provider", id=self.contract_id, field="score", value=self.score, remedy="from 0 to 100"
            )


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider with everything that was agreed with it."""

    id: ProviderId
    name: str
    kind: ProviderKind
    region: RegionCode
    phone: str = ""
    contracts: tuple[Contract, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()

    def find_contract(self, mode: SupportMode, day: date) -> Contract | None:
        """The contract of a mode that holds on a day, the one that began last."""
        holding = [own for own in self.contracts if own.mode is mode and own.holds_on(day)]
        return max(holding, key=lambda own: (own.starts_on, own.id), default=None)

    def missing_evaluations(self, day: date) -> tuple[tuple[str, int], ...]:
        """Contract years before the present one that nobody evaluated, of the contracts that hold on a day (R099)."""
        done = {(own.contract_id, own.contract_year) for own in self.evaluations}
        due = [(own.id, year) for own in self.contracts if own.holds_on(day) for year in range(own.year_of(day))]
        return tuple(pair for pair in sorted(due) if pair not in done)


@dataclass(frozen=True, kw_only=True)
class ProviderFeed:
    """When the provider's platform was last heard of (R090): kept apart, because it changes every few seconds."""

    id: ProviderId
    seen_at: datetime
    cars_count: int = 0


def add_contract(provider: Provider, contract: Contract) -> Provider:
    if any(own.id == contract.id for own in provider.contracts):
        raise InvalidFact(
            kind="provider",
            id=provider.id,
            field="contract_id",
            value=contract.id,
            remedy="a contract id that is not used yet",
        )
    if contract.state is not ContractState.DRAFT:
        raise IllegalTransition(kind="contract", id=contract.id, state=contract.state, action="add")
    return replace(provider, contracts=(*provider.contracts, contract))


def activate_contract(provider: Provider, contract_id: str, *, required: Collection[str]) -> Provider:
    """Switch a contract on.

    Raises
    ------
    InvalidFact
        If a clause of ``required`` is missing or empty (R097), or there is no such contract.
    IllegalTransition
        If it is no draft.
    """
    contract = _contract(provider, contract_id)
    if contract.state is not ContractState.DRAFT:
        raise IllegalTransition(kind="contract", id=contract.id, state=contract.state, action="activate")
    said = {clause.name for clause in contract.clauses if clause.text.strip()}
    missing = [name for name in required if name not in said]
    if missing:
        raise InvalidFact(
            kind="provider", id=provider.id, field="clauses", value=missing, remedy="R097: every clause with its text"
        )
    return _with(provider, replace(contract, state=ContractState.ACTIVE))


def end_contract(provider: Provider, contract_id: str) -> Provider:
    contract = _contract(provider, contract_id)
    if contract.state is ContractState.ENDED:
        raise IllegalTransition(kind="contract", id=contract.id, state=contract.state, action="end")
    return _with(provider, replace(contract, state=ContractState.ENDED))


def evaluate(provider: Provider, evaluation: Evaluation) -> Provider:
    """Record the judgement of a contract year; each year is judged once."""
    _contract(provider, evaluation.contract_id)
    key = (evaluation.contract_id, evaluation.contract_year)
    if any((own.contract_id, own.contract_year) == key for own in provider.evaluations):
        raise IllegalTransition(kind="contract", id=evaluation.contract_id, state="evaluated", action="evaluate")
    return replace(provider, evaluations=(*provider.evaluations, evaluation))


def _contract(provider: Provider, contract_id: str) -> Contract:
    for contract in provider.contracts:
        if contract.id == contract_id:
            return contract
    raise InvalidFact(
        kind="provider", id=provider.id, field="contract_id", value=contract_id, remedy="a contract of this provider"
    )


def _with(provider: Provider, contract: Contract) -> Provider:
    return replace(provider, contracts=tuple(contract if own.id == contract.id else own for own in provider.contracts))
