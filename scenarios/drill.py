"""A recorded day, played again: everything that people did is put back as it happened, and dispatch plans anew at each plan.

The same facts, instants, seeds and iterations must give the same problems and the same assignments; where they do not, the
answer names the first plan and the trips that differ. That is what makes a simulation believable: it is the optimiser on duty.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dispatch.legs import Roads
from dispatch.policy import DispatchPolicy
from dispatch.service import ACTOR as DISPATCH
from dispatch.service import Solver, run_once
from dispatch.solve import StopRule, solve
from fleet.documents import decode
from fleet.ids import PlanId, RequestId
from fleet.itineraries import Assignment
from fleet.memory_store import MemoryStore
from fleet.plans import PlanRecord
from fleet.store import Commit, Event, Write
from scenarios.documents import every

_PLAN_MADE = "plan.made"


@dataclass(frozen=True, kw_only=True)
class ReplayedPlan:
    """One plan: whether the problem was the same, and the trips whose vehicle or times differ."""

    plan_id: PlanId
    same_problem: bool
    differing: tuple[RequestId, ...]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """``plans`` in the order in which they were made."""

    plans: tuple[ReplayedPlan, ...]

    @property
    def is_same(self) -> bool:
        return all(plan.same_problem and not plan.differing for plan in self.plans)


def replay_events(
    events: Iterable[Event],
    roads: Roads,
    *,
    iterations: int,
    policy: DispatchPolicy | None = None,
    solver: Solver = solve,
) -> Replay:
    """Play events of a ledger again in a store in memory.

    Parameters
    ----------
    events
        From the first one on, in order.
    iterations
        By which the plans were stopped; plans stopped by the clock cannot be repeated exactly on another machine.
    """
    store, recorded = MemoryStore(), MemoryStore()
    plans: list[ReplayedPlan] = []
    for event in events:
        _repeat(recorded, event)
        if event.actor != DISPATCH:
            _repeat(store, event)
            continue
        if event.type != _PLAN_MADE:
            continue
        record: PlanRecord = next(decode("plan", one.body) for one in event.documents if one.kind == "plan")
        report = run_once(
            store,
            roads,
            day=date.fromisoformat(record.day),
            now=record.created_at,
            seed=record.seed,
            stop=StopRule(iterations=iterations),
            region=record.region or None,
            policy=policy,
            solver=solver,
        )
        before, after = _assigned(recorded), _assigned(store)
        differing = sorted(id for id in before.keys() | after.keys() if before.get(id) != after.get(id))
        same = report.record.problem_digest == record.problem_digest
        plans.append(ReplayedPlan(plan_id=record.id, same_problem=same, differing=tuple(differing)))
    return Replay(plans=tuple(plans))


def _repeat(store: MemoryStore, event: Event) -> None:
    """Write what an event wrote, over whatever version is there."""
    writes = []
    for one in event.documents:
        present = store.find(one.kind, one.id)
        if present is None and not one.version:
            continue
        version = 0 if present is None else present.version
        writes.append(Write(kind=one.kind, id=one.id, expected_version=version, body=one.body if one.version else None))
    if writes:
        store.commit(Commit(type=event.type, actor=event.actor, at=event.at, writes=writes, region=event.region))


def _assigned(store: MemoryStore) -> dict[RequestId, tuple[str, str, str, str]]:
    found: dict[RequestId, tuple[str, str, str, str]] = {}
    assignment: Assignment
    for assignment in every(store, "assignment"):
        if assignment.state.value not in ("withdrawn", "declined"):
            told = (
                assignment.vehicle_id,
                str(assignment.driver_id),
                str(assignment.pickup_at),
                str(assignment.dropoff_at),
            )
            found[assignment.request_id] = told
    return found
