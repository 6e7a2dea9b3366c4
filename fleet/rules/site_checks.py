"""Charging at sites: the ratio of a prefecture (R052, R053, R059) and the shares of spaces at a site (R054-R058)."""

from __future__ import annotations

from collections.abc import Iterator

from fleet.rules.census import INSTITUTIONS, Area, is_exempt
from fleet.rules.findings import Finding, Verdict, count_change, find, judge
from fleet.rules.jurisdictions import Province
from fleet.rules.model import RuleView
from fleet.sites import Site


def _piles(site: Site) -> int:
    """Charging devices of a site (R053): the count entered, else one per point."""
    return site.piles_count if site.piles_count is not None else _points(site)


def _points(site: Site) -> int:
    return sum(group.points for group in site.charge_groups)


def charger_ratio(area: Area) -> Iterator[Finding]:
    """R052 on piles, points beside; R059 shows Chongqing's figure without a floor."""
    view = area.view
    piles = sum(_piles(site) for site in area.sites)
    points = sum(_points(site) for site in area.sites)
    nevs = sum(vehicle.energy.is_nev for vehicle, unit in area.vehicles if unit.population in INSTITUTIONS)
    note_zh, note_en = f"R053：充电枪{points}个", f"R053: {points} points"
    if view.jurisdiction.province is Province.CHONGQING:
        yield find(view, "R059", Verdict.INFO, x=piles, y=nevs, note_zh=note_zh, note_en=note_en)
    elif is_exempt(view):
        yield find(view, "R052", Verdict.EXEMPT, x=piles, y=nevs, note_zh=note_zh, note_en=note_en)
    elif view.find("R052.charger_ratio") is not None:
        bound = view.bound("R052.charger_ratio")
        verdict = judge(view, "R052", bound, piles, nevs)
        yield find(
            view,
            "R052",
            verdict,
            x=piles,
            y=nevs,
            bound=bound,
            carried_over=view.is_carried_over("R052.charger_ratio"),
            change=count_change(bound, piles, nevs, thing_zh="个充电桩", thing_en="charging piles")
            if verdict is Verdict.FAIL
            else None,
            note_zh=note_zh,
            note_en=note_en,
        )


def _site_rules(view: RuleView, site: Site) -> list[tuple[str, int, str, str]]:
    """The keys that bind a site with its car park, each with the count held against the spaces, and the thing's names."""
    park = site.car_park
    if park is None:
        return []
    piles = ("个充电桩", "charging piles")
    spaces = ("个充电车位", "charging spaces")
    rules: list[tuple[str, int, str, str]] = []
    if view.find("R054.pile_share") is not None:
        rules.append(("R054.pile_share", _piles(site), *piles))
        rules.append(("R055.nev_space_share", park.nev_spaces_count, "个专属新能源车位", "dedicated NEV spaces"))
    elif view.find("R056.charging_space_share") is not None:
        venue = park.venue and not park.new
        key = "R056.venue_charging_space_share" if venue else "R056.charging_space_share"
        rules.append((key, park.charging_spaces_count, *spaces))
    elif view.find("R057.pile_share") is not None and park.new:
        rules.append(("R057.pile_share", _piles(site), *piles))
    elif view.find("R058.charging_space_share") is not None:
        rules.append(("R058.charging_space_share", park.charging_spaces_count, *spaces))
    return rules


def site_shares(area: Area) -> Iterator[Finding]:
    """R054-R058 at every site with a car park; sites without spaces entered are named once."""
    view = area.view
    for site in sorted(area.sites, key=lambda own: own.id):
        for key, x, thing_zh, thing_en in _site_rules(view, site):
            rule_id, bound = key.partition(".")[0], view.bound(key)
            y = 0 if site.car_park is None else site.car_park.spaces_count
            verdict = judge(view, rule_id, bound, x, y)
            yield find(
                view,
                rule_id,
                verdict,
                level="site",
                subject=site.id,
                x=x,
                y=y,
                bound=bound,
                carried_over=view.is_carried_over(key),
                change=None
                if verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE)
                else count_change(bound, x, y, thing_zh=thing_zh, thing_en=thing_en),
                note_zh=site.name,
                note_en=site.name,
            )
    unknown = tuple(sorted(site.id for site in area.sites if site.car_park is None))
    if unknown and view.jurisdiction.province is Province.SICHUAN:
        local = next((rule for rule in ("R054", "R056", "R057") if view.applies(rule)), "R058")
        yield find(
            view,
            local,
            Verdict.NOT_MEASURED,
            level="site",
            subject="no_spaces",
            listed=unknown,
            note_zh=f"{len(unknown)}个站点未录入车位数",
            note_en=f"{len(unknown)} sites without spaces entered",
        )
