"""Providers: contracts with all their clauses, one evaluation a year, and budgets of units."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from fleet.errors import IllegalTransition, InvalidFact
from fleet.ids import PersonId, ProviderId, RegionCode, UnitId
from fleet.providers import (
    Clause,
    Contract,
    ContractState,
    Evaluation,
    Provider,
    ProviderKind,
    SupportMode,
    activate_contract,
    add_contract,
    end_contract,
    evaluate,
)
from fleet.rental_budgets import RentalBudget, book, commit, rental_budget_id
from tests.fleet.rental_cases import AT

REQUIRED = ("acceptance", "payment", "price", "insurance", "return")
DAY = date(2026, 3, 2)


def a_provider(**changes) -> Provider:
    fields = {
        "id": ProviderId("PV-1"),
        "name": "遂宁绿行租赁",
        "kind": ProviderKind.RENTAL_FIRM,
        "region": RegionCode("510900"),
    }
    return Provider(**(fields | changes))


def a_contract(**changes) -> Contract:
    fields = {
        "id": "C-1",
        "mode": SupportMode.TIME_SHARE_RENTAL,
        "starts_on": date(2024, 4, 1),
        "ends_on": date(2027, 3, 31),
        "clauses": tuple(Clause(name=name, text="按合同约定") for name in REQUIRED),
    }
    return Contract(**(fields | changes))


def judged(year: int, score: int = 90) -> Evaluation:
    return Evaluation(contract_id="C-1", contract_year=year, score=score, by=PersonId("P-3"), at=AT)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_contract_without_a_clause_is_never_active(name):
    clauses = tuple(clause for clause in a_contract().clauses if clause.name != name)
    for said in (clauses, (*clauses, Clause(name=name, text=" "))):
        provider = add_contract(a_provider(), a_contract(clauses=said))
        with pytest.raises(InvalidFact) as caught:
            activate_contract(provider, "C-1", required=REQUIRED)
        assert caught.value.value == [name]


def test_a_contract_holds_on_its_days_only_while_active():
    provider = add_contract(a_provider(), a_contract())
    assert provider.find_contract(SupportMode.TIME_SHARE_RENTAL, DAY) is None
    active = activate_contract(provider, "C-1", required=REQUIRED)
    assert active.find_contract(SupportMode.TIME_SHARE_RENTAL, DAY) is not None
    assert active.find_contract(SupportMode.TEMPORARY_RENTAL, DAY) is None
    assert active.find_contract(SupportMode.TIME_SHARE_RENTAL, date(2027, 4, 1)) is None
    assert end_contract(active, "C-1").contracts[0].state is ContractState.ENDED
    for wrong in (lambda: activate_contract(active, "C-1", required=()), lambda: add_contract(active, a_contract())):
        with pytest.raises((IllegalTransition, InvalidFact)):
            wrong()
    with pytest.raises(InvalidFact):
        end_contract(active, "C-9")


def test_every_contract_year_is_evaluated_before_the_next():
    provider = activate_contract(add_contract(a_provider(), a_contract()), "C-1", required=REQUIRED)
    assert provider.missing_evaluations(date(2025, 3, 31)) == ()
    assert provider.missing_evaluations(date(2025, 4, 1)) == (("C-1", 0),)
    assert provider.missing_evaluations(DAY) == (("C-1", 0),)
    provider = evaluate(provider, judged(0))
    assert provider.missing_evaluations(DAY) == ()
    assert provider.missing_evaluations(date(2026, 4, 1)) == (("C-1", 1),)
    with pytest.raises(IllegalTransition):
        evaluate(provider, judged(0))
    with pytest.raises(InvalidFact):
        judged(1, score=101)


def test_a_contract_that_ends_before_it_begins_is_refused():
    with pytest.raises(InvalidFact):
        a_contract(ends_on=date(2024, 3, 31))


def test_a_budget_commits_and_books():
    id = rental_budget_id(UnitId("U-1"), 2026)
    budget = RentalBudget(
        id=id, unit_id=UnitId("U-1"), region=RegionCode("510900"), year=2026, cap_fen=100_000, line="2130101"
    )
    held = commit(budget, 5_000)
    done = book(held, committed_fen=5_000, amount_fen=5_520)
    assert (done.committed_fen, done.booked_fen) == (0, 5_520)
    assert commit(held, -5_000) == budget
    with pytest.raises(InvalidFact):
        replace(budget, booked_fen=-1)
