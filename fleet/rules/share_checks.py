"""Shares of new-energy vehicles among purchases: R018-R022 in Sichuan, R026-R029 in Chongqing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from fleet.rules.census import (
    BOUGHT,
    INSTITUTIONS,
    ORGANS,
    REPLACED,
    Area,
    Purchase,
    is_exempt,
    period_of,
    select,
    split_by_drive,
)
from fleet.rules.findings import Change, Finding, Verdict, find, judge, share_change
from fleet.rules.jurisdictions import SICHUAN, Province
from fleet.rules.model import RuleBook, RuleView
from fleet.rules.purchases import energy_refusal
from fleet.units import Level
from fleet.vehicles import AcquisitionKind, Duty


def share(
    view: RuleView,
    key: str,
    purchases: Sequence[Purchase],
    *,
    period: str,
    level: str = "",
    subject: str = "",
) -> Finding:
    """The share of new-energy vehicles among purchases against the bound of a key."""
    rule_id = key.partition(".")[0]
    bound = view.bound(key)
    x, y = sum(own.vehicle.energy.is_nev for own in purchases), len(purchases)
    return find(
        view,
        rule_id,
        judge(view, rule_id, bound, x, y),
        level=level,
        subject=subject,
        x=x,
        y=y,
        bound=bound,
        period=period,
        carried_over=view.is_carried_over(key),
        change=share_change(bound, x, y),
        split=split_by_drive(purchases),
    )


def cumulative_shares(area: Area) -> Iterator[Finding]:
    """R018 of organs and R019 of public institutions, with the exemption of R020 and Chengdu's own floor (R021)."""
    view = area.view
    if view.jurisdiction.province is not Province.SICHUAN:
        return
    if is_exempt(view):
        for rule_id, populations, kinds in (("R018", ORGANS, REPLACED), ("R019", INSTITUTIONS, BOUGHT)):
            start = date(view.book.at(view.day, SICHUAN)["R015.plan_first_year"], 1, 1)
            counted = select(area.purchases, populations, kinds, start, view.day)
            yield find(
                view,
                rule_id,
                Verdict.EXEMPT,
                x=sum(own.vehicle.energy.is_nev for own in counted),
                y=len(counted),
                period=f"{start}..{view.day}",
                split=split_by_drive(counted),
                note_zh="R020：甘孜、阿坝、凉山、攀枝花除外",
                note_en="R020: Garze, Aba, Liangshan and Panzhihua are excepted",
            )
        return
    for key, populations, kinds in (
        ("R018.nev_share", ORGANS, REPLACED),
        ("R019.nev_share", INSTITUTIONS, BOUGHT),
    ):
        if view.find(key) is not None:
            first, last = period_of(view, key)
            yield share(view, key, select(area.purchases, populations, kinds, first, last), period=f"{first}..{last}")
    if view.find("R021.provincial_floor") is not None:
        yield _chengdu(area)


def _chengdu(area: Area) -> Finding:
    view = area.view
    if view.find("R021.nev_share") is None:
        return find(
            view,
            "R021",
            Verdict.NOT_SET,
            bound=view.bound("R021.provincial_floor"),
            note_zh="成都市须在本地规则中设定高于30%的比例（R021.nev_share）",
            note_en="Chengdu is to set its own share, above 30%, in a local rule (R021.nev_share)",
        )
    first, last = period_of(view, "R021.nev_share")
    counted = select(area.purchases, ORGANS, REPLACED, first, last)
    return share(view, "R021.nev_share", counted, period=f"{first}..{last}")


def explained_purchases(area: Area) -> Iterator[Finding]:
    """R022 and R029: every purchase is an NEV or carries its waiver; the four areas count as special areas by default."""
    view = area.view
    for rule_id, province in (("R022", Province.SICHUAN), ("R029", Province.CHONGQING)):
        if view.jurisdiction.province is not province or view.find(f"{rule_id}.nev_share") is None:
            continue
        first, last = view.get(f"{rule_id}.nev_share").from_day, view.day
        counted = [
            own
            for own in select(area.purchases, ORGANS, BOUGHT, first, last)
            if rule_id == "R022" or own.vehicle.duty is Duty.CONFIDENTIAL or own.vehicle.fixed_route
        ]
        if rule_id == "R029":
            counted = [own for own in counted if own.acquisition.kind is AcquisitionKind.REPLACED]
        unexplained = [
            own
            for own in counted
            if (refusal := energy_refusal(view, own.vehicle, own.acquisition)) is not None
            and refusal.rule_id == rule_id
            and not is_exempt(view)
        ]
        bound = view.bound(f"{rule_id}.nev_share")
        x, y = len(counted) - len(unexplained), len(counted)
        yield find(
            view,
            rule_id,
            judge(view, rule_id, bound, x, y),
            x=x,
            y=y,
            bound=bound,
            period=f"{first}..{last}",
            carried_over=view.is_carried_over(f"{rule_id}.nev_share"),
            change=None
            if not unexplained
            else Change(
                count=len(unexplained),
                message_zh=f"{len(unexplained)}辆改购新能源汽车，或写明特殊地区、特殊用途",
                message_en=f"buy {len(unexplained)} as NEVs, or give each its waiver with a text",
            ),
            split=split_by_drive(counted),
            listed=tuple(sorted(own.vehicle.id for own in unexplained)),
            note_zh="四地按特殊地区计" if is_exempt(view) else "",
            note_en="the four areas count as special areas" if is_exempt(view) else "",
        )


def chongqing_shares(area: Area) -> Iterator[Finding]:
    """R026 for every calendar year, R027 and R028 for every batch of central procurement."""
    view = area.view
    if view.jurisdiction.province is not Province.CHONGQING:
        return
    organs = [own for own in area.purchases if own.unit.population in ORGANS]
    years = {own.acquisition.on.year for own in organs if own.acquisition.kind in REPLACED} | {view.day.year}
    for year in sorted(years):
        then = view.book.at(min(date(year, 12, 31), view.day), view.region)
        if then.find("R026.nev_share") is not None:
            counted = select(organs, ORGANS, REPLACED, date(year, 1, 1), then.day)
            yield share(then, "R026.nev_share", counted, period=str(year))
    batches: dict[tuple[str, str], list[Purchase]] = defaultdict(list)
    for own in organs:
        if own.acquisition.central_batch is not None and own.acquisition.kind in BOUGHT:
            municipal = own.unit.level is Level.PROVINCE
            batches["R027" if municipal else "R028", own.acquisition.central_batch].append(own)
    for (rule_id, batch), counted in sorted(batches.items()):
        then = view.book.at(max(own.acquisition.on for own in counted), view.region)
        if then.find(f"{rule_id}.nev_share") is not None:
            level = "municipality" if rule_id == "R027" else "county"
            yield share(then, f"{rule_id}.nev_share", counted, period=str(then.day.year), level=level, subject=batch)


def provincial_share(areas: Sequence[Area], day: date, rules: RuleBook) -> Iterator[Finding]:
    """The provincial aggregate of R018 without the four areas, printed beside the stricter figure of each prefecture."""
    view = rules.at(day, SICHUAN)
    counted = [
        own
        for area in areas
        if area.view.jurisdiction.province is Province.SICHUAN and not is_exempt(area.view)
        for own in area.purchases
    ]
    if counted and view.find("R018.nev_share") is not None:
        first, last = period_of(view, "R018.nev_share")
        chosen = select(counted, ORGANS, REPLACED, first, last)
        yield share(view, "R018.nev_share", chosen, period=f"{first}..{last}", level="province", subject="aggregate")
