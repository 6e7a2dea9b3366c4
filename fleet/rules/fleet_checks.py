"""Quota by unit and class (R032), the list that is to be empty (R039), and marking (R045)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from fleet.rules.census import Area
from fleet.rules.findings import Change, Finding, Verdict, count_change, find, judge
from fleet.rules.model import RuleView
from fleet.rules.refusals import Refusal
from fleet.units import Unit
from fleet.vehicles import Duty


def quota_refusal(view: RuleView, unit: Unit, *, duty: Duty, others_count: int) -> Refusal | None:
    """Refuse one more vehicle of a class beyond a unit's quota (R032). ``others_count`` it has already, disposed ones aside.

    A unit without any quota entered is not refused: the compliance check names it. Rented vehicles do not count.
    """
    if not unit.authorised or duty is Duty.RENTAL:
        return None
    authorised_count = next((own.count for own in unit.authorised if own.duty is duty), 0)
    if view.bound("R032.quota").holds(others_count + 1, authorised_count):
        return None
    return Refusal(
        rule_id="R032",
        code="over_quota",
        message_zh=f"{unit.name}该类车辆编制{authorised_count}辆，已有{others_count}辆",
        message_en=f"{unit.name} is authorised {authorised_count} vehicles of this class and has {others_count}",
        detail={"unit": unit.id, "duty": duty, "authorised_count": authorised_count, "others_count": others_count},
    )


def quota(area: Area) -> Iterator[Finding]:
    """R032 per unit and class: each excess by name, and one line per level for the rest."""
    view = area.view
    bound = view.bound("R032.quota")
    actual: dict[str, Counter[Duty]] = defaultdict(Counter)
    for vehicle, unit in area.vehicles:
        actual[unit.id][vehicle.duty] += 1
    names = {unit.id: unit for _, unit in area.vehicles} | {unit.id: unit for unit in area.units}
    by_level: dict[str, list[Unit]] = defaultdict(list)
    for unit in names.values():
        by_level[unit.level].append(unit)
    for level, members in sorted(by_level.items()):
        unset = [unit for unit in members if not unit.authorised]
        total_actual = total_authorised = failed = 0
        for unit in sorted(members, key=lambda own: own.id):
            if not unit.authorised:
                continue
            authorised = {own.duty: own.count for own in unit.authorised}
            for duty in sorted({*authorised, *actual[unit.id]}):
                x, y = actual[unit.id][duty], authorised.get(duty, 0)
                total_actual, total_authorised = total_actual + x, total_authorised + y
                if not bound.holds(x, y):
                    failed += 1
                    yield find(
                        view,
                        "R032",
                        Verdict.FAIL,
                        level=level,
                        subject=f"{unit.id}/{duty}",
                        x=x,
                        y=y,
                        bound=bound,
                        change=count_change(bound, x, y, thing_zh="辆", thing_en="vehicles"),
                        note_zh=f"{unit.name}：{duty}",
                        note_en=f"{unit.name}: {duty}",
                    )
        if failed == 0 and len(unset) < len(members):
            yield find(view, "R032", Verdict.PASS, level=level, x=total_actual, y=total_authorised, bound=bound)
        if unset:
            yield find(
                view,
                "R032",
                Verdict.NOT_MEASURED,
                level=level,
                subject="no_quota",
                bound=bound,
                listed=tuple(sorted(unit.id for unit in unset)),
                note_zh=f"{len(unset)}个单位未录入编制",
                note_en=f"{len(unset)} units without a quota entered",
            )


def exceptions(area: Area) -> Iterator[Finding]:
    """R039: the list of over-quota and over-standard vehicles is to be empty. R045: every vehicle marked or exempt."""
    view = area.view
    if not area.vehicles:
        return
    listed = tuple(sorted(vehicle.id for vehicle, _ in area.vehicles if vehicle.listed))
    target = view["R039.listed_target_count"]
    yield find(
        view,
        "R039",
        Verdict.FAIL if len(listed) > target else Verdict.PASS,
        x=len(listed),
        y=target,
        listed=listed,
        change=None
        if len(listed) <= target
        else Change(
            count=len(listed) - target,
            message_zh=f"清理{len(listed) - target}辆超编超标车辆",
            message_en=f"clear {len(listed) - target} over-quota or over-standard vehicles",
        ),
    )
    due = [vehicle for vehicle, _ in area.vehicles if not vehicle.marking_exempt]
    bound = view.bound("R045.marking_rate")
    x, y = sum(vehicle.marked is True for vehicle in due), len(due)
    unknown = sum(vehicle.marked is None for vehicle in due)
    verdict = judge(view, "R045", bound, x, y)
    if verdict is Verdict.WARN and unknown == y:
        verdict = Verdict.NOT_MEASURED
    yield find(
        view,
        "R045",
        verdict,
        x=x,
        y=y,
        bound=bound,
        change=count_change(bound, x, y, thing_zh="辆标识车", thing_en="marked vehicles"),
        note_zh=f"{unknown}辆未登记标识情况" if unknown else "",
        note_en=f"{unknown} not recorded" if unknown else "",
    )
