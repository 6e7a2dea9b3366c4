"""The optimiser without a store: solve a model, or judge somebody's plan for it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from api.access import STAFF
from api.dependencies import Change, Served, Spoken
from api.idempotency import Effect
from api.judged_plans import judge, read_plan, show_violations
from api.optimiser import show_solution, translate
from api.problems import QueueFull
from api.schemas.optimiser import CheckInput, SolveInput, SolvingMode
from dispatch.check import check
from dispatch.solve import StopRule, solve

router = APIRouter(prefix="/v1", tags=["optimiser"])


@router.post("/plans:solve", summary="Solve a model; nothing is stored")
def solve_model(given: SolveInput, change: Change, services: Served, language: Spoken) -> Response:
    """With ``iterations`` the same model, seed and number give the same plan; with seconds alone the machine's speed counts.

    With an Idempotency-Key the answer is kept, and a repetition gets it again.
    """
    change.viewer.require(STAFF)
    made = translate(given.model, services.roads)

    def effect() -> Effect:
        if given.solving_mode is SolvingMode.VALIDATE_ONLY:
            return _answer({"valid": True, "problem_digest": made.problem.digest()})
        if not services.solver_slot.acquire(blocking=False):
            raise QueueFull
        try:
            plan = solve(
                made.problem, seed=given.seed, stop=StopRule(iterations=given.iterations, seconds=given.seconds)
            )
        finally:
            services.solver_slot.release()
        breaches = check(made.problem, plan)
        return _answer({**show_solution(made, plan, language), "violations": show_violations(made, breaches, language)})

    return change.perform(effect)


@router.post("/plans:check", summary="Judge a plan for a model; nothing is stored")
def check_plan(given: CheckInput, change: Change, services: Served, language: Spoken) -> Response:
    """Times, loads, energy, charge points and rules are judged, and whatever else the routes state.

    The ``routes`` of an answer of ``plans:solve`` can be sent as they are.
    """
    change.viewer.require(STAFF)
    made = translate(given.model, services.roads)
    plan = read_plan(made, given.routes, given.skipped_shipment_indices)
    breaches = judge(made, plan, given.routes)
    told = {"valid": not breaches, "violations": show_violations(made, breaches, language)}
    return change.perform(lambda: _answer(told))


def _answer(body: dict[str, Any]) -> Effect:
    return Effect(type="answer.given", region="", writes=[], status=200, body=body)
