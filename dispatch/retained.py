"""The proof before a rental: could the retained cars have carried this trip after all (R085, R093).

The trip is put to the same insertion that answers a new request: every car with a driver that may serve the unit is tried
between its planned stops. A car that fits refuses the rental; otherwise what stood in each car's way is kept with the
order. The newest plan of the day that left the request out is named too, with its digest, because there the solver itself
was free to move everything around.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.legs import Roads
from dispatch.plan import Cause
from dispatch.promise import Answer, Outcome, promise
from dispatch.view import local_day
from fleet.documents import decode
from fleet.plans import PlanRecord
from fleet.regions import covers
from fleet.rentals import FailedStep, Infeasibility, Means
from fleet.requests import TripKind, TripRequest
from fleet.store import FleetStore


@dataclass(frozen=True, kw_only=True)
class RetainedAnswer:
    """``offer`` is what a retained car could do; None with the proof that none can.

    ``forbidden`` names the rules that forbid the trip itself: then there is neither.
    """

    offer: Answer | None = None
    proof: Infeasibility | None = None
    forbidden: tuple[str, ...] = ()


def as_retained(request: TripRequest) -> TripRequest:
    """The same trip with a driver: a self-drive rental keeps a car from its first to its last stop, as a charter does."""
    if request.kind is not TripKind.RENTAL:
        return request
    return replace(request, kind=TripKind.CHARTER, shareable=False)


def try_retained(store: FleetStore, roads: Roads, request: TripRequest, *, now: datetime) -> RetainedAnswer:
    """Try every retained car beside what is planned; nothing is written.

    ``proven`` of a step is that of its reason: an insertion proves nothing about plans that would move other trips; a plan's
    reasons say themselves whether solving without the constraint showed them.
    """
    answer = promise(store, roads, as_retained(request), now=now)
    if answer.outcome is Outcome.PROMISE:
        return RetainedAnswer(offer=answer)
    forbidden = [str(reason.detail.get("rules") or "R072") for reason in answer.reasons if reason.code is Cause.RULE]
    if forbidden:
        return RetainedAnswer(forbidden=tuple(forbidden))
    steps = [
        FailedStep(
            means=Means.OWN,
            cause=reason.code.value,
            count=int(reason.detail.get("vehicles", 0)) if str(reason.detail.get("vehicles", "")).isdigit() else 0,
            proven=reason.proven,
        )
        for reason in answer.reasons
    ]
    plan = _plan_without(store, request)
    if plan is not None:
        entry = next(own for own in plan.unserved if own.request_id == request.id)
        steps += [FailedStep(means=Means.POOLED, cause=why.code, proven=why.proven) for why in entry.reasons]
    proof = Infeasibility(
        checked_at=now,
        steps=tuple(steps),
        vehicles_count=sum(step.count for step in steps),
        plan_id="" if plan is None else plan.id,
        problem_digest="" if plan is None else plan.problem_digest,
    )
    return RetainedAnswer(proof=proof)


def _plan_without(store: FleetStore, request: TripRequest) -> PlanRecord | None:
    """The newest plan of the trip's day and region, if it left the request out."""
    day = local_day(request.stops[0].earliest_at).isoformat()
    newest: PlanRecord | None = None
    after = ""
    while True:
        page = store.list("plan", where=("day", day), after=after)
        for document in page.documents:
            plan: PlanRecord = decode("plan", document.body)
            if covers(plan.region, request.region) and (
                newest is None or (plan.created_at, plan.id) > (newest.created_at, newest.id)
            ):
                newest = plan
        if page.next_after is None:
            break
        after = page.next_after
    if newest is None or all(own.request_id != request.id for own in newest.unserved):
        return None
    return newest
