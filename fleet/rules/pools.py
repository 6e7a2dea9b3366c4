"""Who may help whom, and in which order: the tiers of rule R069 and the permissions behind them.

Permission comes from rules and agreements, never from geometry: two regions that touch may help each other only where a rule
opens the pair and both sides confirmed it. The base zones (R010) are open unless an agreement of theirs is suspended or ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum

from fleet.agreements import Agreement, AgreementKind, AgreementState, AgreementTier
from fleet.errors import InvalidFact
from fleet.ids import AgreementId, RegionCode, UnitId
from fleet.rules.jurisdictions import find_jurisdiction, get_jurisdiction, is_within
from fleet.rules.model import Rule, RuleBook
from fleet.rules.refusals import Refusal
from fleet.settlements import Tariff
from fleet.units import Unit
from fleet.vehicles import Duty, Vehicle

_AREAS = ("area_chengdu", "area_south", "area_west", "area_north", "area_east")
_BASE_PAIRS = ("pair_gaozhu", "pair_suitong")
_ALLIED_PAIRS = ("pair_mianyang_beibei", "pair_suining_tongnan", "pair_ziyang_dazu")


class Tier(IntEnum):
    """Order in which pools are tried (R069); its codes in the rule file are the names in lower case."""

    COMPOUND = 1
    SAME_LEVEL = 2
    SAME_REGION = 3
    COOPERATION_AREA = 4
    ALLIED = 5
    RENTAL = 6


@dataclass(frozen=True, kw_only=True)
class PairBasis:
    """The rule that opens a pair of regions, and the tier of agreement that it takes."""

    rule_id: str
    tier: AgreementTier


@dataclass(frozen=True, kw_only=True)
class PoolAnswer:
    """The tier in which a vehicle may serve a unit and the rule that permits it, or why it may not."""

    tier: Tier | None
    rule_id: str
    refusal: Refusal | None = None
    agreement_id: AgreementId | None = None


@dataclass(frozen=True, kw_only=True)
class PoolRules:
    """The permissions of one day. Answers are kept per pair of regions, so asking for every pair of groups costs little."""

    book: RuleBook
    day: date
    agreements: tuple[Agreement, ...] = ()
    _regions: dict[tuple[str, str], PoolAnswer] = field(default_factory=dict, compare=False, repr=False)

    def answer(self, *, requester: Unit, owner: Unit, vehicle: Vehicle) -> PoolAnswer:
        """Say in which tier ``vehicle`` of ``owner`` may serve a trip of ``requester``.

        Whether class and state of the vehicle fit the trip is asked in :mod:`fleet.rules.fitness`.
        """
        return self.answer_for(
            requester=requester,
            owner=owner,
            rental=vehicle.duty is Duty.RENTAL,
            pooled=vehicle.pooled,
            listed=vehicle.listed,
            name=vehicle.plate,
        )

    def answer_for(
        self, *, requester: Unit, owner: Unit, rental: bool, pooled: bool, listed: bool, name: str = ""
    ) -> PoolAnswer:
        """Say the same of all vehicles of a unit that agree in these flags; ``name`` stands in the refusal's words."""
        if rental:
            permitted = self._between(requester, owner)
            if permitted.refusal is not None:
                return permitted
            return PoolAnswer(tier=Tier.RENTAL, rule_id="R069", agreement_id=permitted.agreement_id)
        if requester.id == owner.id:
            return PoolAnswer(tier=Tier.COMPOUND, rule_id="R069")
        if not pooled:
            return _no(
                "R070",
                "not_pooled",
                f"{name or '该车'}不是平台统筹车辆，不能供其他单位使用",
                f"{name or 'the vehicle'} is not a pooled vehicle: it serves its own unit only",
                unit=owner.id,
            )
        if listed:
            return _no(
                "R039",
                "over_quota",
                f"{name or '该车'}在超编超标清单上，不得跨单位派用",
                f"{name or 'the vehicle'} is on the over-quota and over-standard list: not dispatched across units",
                unit=owner.id,
            )
        return self._between(requester, owner)

    def open_pairs(self) -> frozenset[frozenset[str]]:
        """Pairs of regions that some of their units may help each other across: base zones and agreements that hold."""
        named = [value.codes or () for value in self.book.get("R010").values if value.from_day <= self.day]
        named += [own.regions for own in self.agreements if own.kind is AgreementKind.PAIR and own.holds_on(self.day)]
        return frozenset(
            frozenset(pair) for pair in named if len(pair) == 2 and self.between_regions(*pair).tier is not None
        )

    def opted_in(self) -> frozenset[str]:
        """Prefectures that joined the dispatch of their cooperation area (R105)."""
        return frozenset(
            own.regions[0] for own in self.agreements if own.kind is AgreementKind.OPT_IN and own.holds_on(self.day)
        )

    def _between(self, requester: Unit, owner: Unit) -> PoolAnswer:
        if requester.id == owner.id:
            return PoolAnswer(tier=Tier.COMPOUND, rule_id="R069")
        a, b = find_jurisdiction(requester.region), find_jurisdiction(owner.region)
        if a is None or b is None:
            unknown = requester.region if a is None else owner.region
            return _no(
                "R001",
                "unknown_region",
                f"没有行政区划代码{unknown}，或该区跨两省，须按登记地填写",
                f"{unknown} is no region code, or a zone in both provinces: register the unit on one side",
                region=unknown,
            )
        if a.code == b.code:
            if requester.compound is not None and requester.compound == owner.compound:
                return PoolAnswer(tier=Tier.COMPOUND, rule_id="R069")
            same = requester.level is owner.level and requester.region == owner.region
            return PoolAnswer(tier=Tier.SAME_LEVEL if same else Tier.SAME_REGION, rule_id="R069")
        if requester.compound is not None and requester.compound == owner.compound and a.province is b.province:
            return PoolAnswer(tier=Tier.COMPOUND, rule_id="R069")
        return self.between_regions(requester.region, owner.region)

    def between_regions(self, requester: str, owner: str) -> PoolAnswer:
        """Say whether pooled vehicles of one region may serve another region (tiers 4 and 5)."""
        key = (requester, owner)
        if key not in self._regions:
            self._regions[key] = self._cross(requester, owner)
        return self._regions[key]

    def _cross(self, requester: str, owner: str) -> PoolAnswer:
        area = _area_of(self.book, self.day, requester)
        if area is not None and area == _area_of(self.book, self.day, owner):
            missing = [region for region in (requester, owner) if self._opt_in(region) is None]
            if not missing:
                return PoolAnswer(tier=Tier.COOPERATION_AREA, rule_id="R105", agreement_id=self._opt_in(owner))
            names = "、".join(get_jurisdiction(region).name_zh for region in missing)
            names_en = ", ".join(get_jurisdiction(region).name_en for region in missing)
            return _no(
                "R105",
                "not_opted_in",
                f"{names}未加入片区跨区调度",
                f"{names_en} has not opted in to dispatch within the cooperation area",
                regions=" ".join(missing),
            )
        found = [agreement for agreement in self.agreements if _is_of(agreement, requester, owner)]
        holding = min((own for own in found if own.holds_on(self.day)), key=lambda own: own.id, default=None)
        basis = pair_basis(self.book, self.day, requester, owner)
        if basis is not None and holding is not None:
            return PoolAnswer(tier=Tier.ALLIED, rule_id=basis.rule_id, agreement_id=holding.id)
        if basis is not None and basis.tier is AgreementTier.BASE and not found:
            return PoolAnswer(tier=Tier.ALLIED, rule_id=basis.rule_id)
        return self._closed(requester, owner, basis, found)

    def _closed(self, requester: str, owner: str, basis: PairBasis | None, found: list[Agreement]) -> PoolAnswer:
        a, b = get_jurisdiction(requester), get_jurisdiction(owner)
        if basis is None:
            return _no(
                "R107",
                "pair_not_open",
                f"{a.name_zh}与{b.name_zh}之间没有可启用的跨区协议",
                f"no rule opens dispatch between {a.name_en} and {b.name_en}",
                regions=f"{requester} {owner}",
            )
        expired = [own for own in found if own.state is AgreementState.ACTIVE and own.review_on < self.day]
        if expired:
            return _no(
                "R017",
                "agreement_expired",
                f"{a.name_zh}与{b.name_zh}的协议已于{expired[0].review_on.isoformat()}到期未复审",
                f"the agreement of {a.name_en} and {b.name_en} was due for review on {expired[0].review_on.isoformat()}",
                agreement=expired[0].id,
            )
        half = [own for own in found if own.state is AgreementState.PROPOSED]
        if half:
            sides = "、".join(get_jurisdiction(region).name_zh for region in half[0].missing_sides)
            sides_en = ", ".join(get_jurisdiction(region).name_en for region in half[0].missing_sides)
            return _no(
                "R012",
                "not_confirmed",
                f"协议尚待{sides}确认",
                f"the agreement still wants the word of {sides_en}",
                agreement=half[0].id,
            )
        return _no(
            "R107",
            "pair_not_enabled",
            f"{a.name_zh}与{b.name_zh}未启用跨区调度（依据{basis.rule_id}可申请）",
            f"dispatch between {a.name_en} and {b.name_en} is not enabled ({basis.rule_id} would permit it)",
            regions=f"{requester} {owner}",
            basis=basis.rule_id,
        )

    def _opt_in(self, region: str) -> AgreementId | None:
        return min(
            (
                own.id
                for own in self.agreements
                if own.kind is AgreementKind.OPT_IN and own.holds_on(self.day) and is_within(region, own.regions[0])
            ),
            default=None,
        )


def pair_basis(book: RuleBook, day: date, a: str, b: str) -> PairBasis | None:
    """Return the rule that opens a pair of regions, the widest permission first; None: no agreement is possible (R107)."""
    if get_jurisdiction(a).code == get_jurisdiction(b).code:
        return None
    checks = (
        (AgreementTier.BASE, "R010", any(_pair(book, day, "R010", name, a, b) for name in _BASE_PAIRS)),
        (AgreementTier.ALLIANCE, "R008", any(_pair(book, day, "R008", name, a, b) for name in _ALLIED_PAIRS)),
        (
            AgreementTier.ALLIANCE,
            "R007",
            _named(book, day, "R007", "members", a) and _named(book, day, "R007", "members", b),
        ),
        (
            AgreementTier.ALLIANCE,
            "R009",
            any(
                _named(book, day, "R009", "sc_members", x) and _named(book, day, "R009", "cq_members", y)
                for x, y in ((a, b), (b, a))
            ),
        ),
        (
            AgreementTier.EXTENSION,
            "R011",
            _is_cross_province(a, b) and any(_named(book, day, "R011", "prefectures", region) for region in (a, b)),
        ),
        (AgreementTier.BORDER, "R012", _adjoin(a, b)),
    )
    return next((PairBasis(rule_id=rule, tier=tier) for tier, rule, opens in checks if opens), None)


def propose(
    *,
    id: AgreementId,
    book: RuleBook,
    day: date,
    regions: tuple[RegionCode, ...],
    coordinator_id: UnitId,
    review_on: date,
    starts_on: date | None = None,
    document_no: str = "",
    settlement: str = "",
    tariff: Tariff | None = None,
) -> Agreement:
    """Draft an agreement: a pair for two regions, the opt-in to its cooperation area for one. No side has confirmed yet.

    Raises
    ------
    InvalidFact
        If no rule opens the pair (Garze and Wushan: R107), or the one region belongs to no cooperation area.
    """
    start = starts_on or day
    kind = AgreementKind.PAIR if len(regions) == 2 else AgreementKind.OPT_IN
    basis = None
    if kind is AgreementKind.PAIR:
        basis = pair_basis(book, day, *regions)
    elif len(regions) == 1 and _area_of(book, day, regions[0]) is not None:
        basis = PairBasis(rule_id="R105", tier=AgreementTier.AREA)
    if basis is None:
        raise InvalidFact(
            kind="agreement",
            id=id,
            field="regions",
            value=list(regions),
            remedy="R107: a pair that R007-R012 open, or one prefecture of a cooperation area (R105)",
        )
    return Agreement(
        id=id,
        kind=kind,
        tier=basis.tier,
        basis=basis.rule_id,
        regions=regions,
        coordinator_id=coordinator_id,
        starts_on=start,
        review_on=review_on,
        document_no=document_no,
        settlement=settlement,
        tariff=tariff,
    )


def list_due(agreements: Iterable[Agreement], *, day: date, within_days: int) -> tuple[Agreement, ...]:
    """Active agreements whose review is due within so many days or overdue, the earliest first (R017)."""
    due = [
        own for own in agreements if own.state is AgreementState.ACTIVE and (own.review_on - day).days <= within_days
    ]
    return tuple(sorted(due, key=lambda own: (own.review_on, own.id)))


def _no(rule_id: str, code: str, message_zh: str, message_en: str, **detail: str) -> PoolAnswer:
    refusal = Refusal(rule_id=rule_id, code=code, message_zh=message_zh, message_en=message_en, detail=detail)
    return PoolAnswer(tier=None, rule_id=rule_id, refusal=refusal)


def _codes(rule: Rule, name: str, day: date) -> tuple[str, ...]:
    """All codes of a name begun by that day, a local office's added to those of the book."""
    return tuple(
        code for value in rule.values if value.name == name and value.from_day <= day for code in value.codes or ()
    )


def _named(book: RuleBook, day: date, rule_id: str, name: str, region: str) -> bool:
    return any(is_within(region, code) for code in _codes(book.get(rule_id), name, day))


def _pair(book: RuleBook, day: date, rule_id: str, name: str, a: str, b: str) -> bool:
    one, other = _codes(book.get(rule_id), name, day)
    return (is_within(a, one) and is_within(b, other)) or (is_within(a, other) and is_within(b, one))


def _area_of(book: RuleBook, day: date, region: str) -> str | None:
    """The cooperation area (片区, R004) of a region of Sichuan; provincial organs and Chongqing have none."""
    return next((name for name in _AREAS if _named(book, day, "R004", name, region)), None)


def _is_cross_province(a: str, b: str) -> bool:
    return get_jurisdiction(a).province is not get_jurisdiction(b).province


def _adjoin(a: str, b: str) -> bool:
    one, other = get_jurisdiction(a), get_jurisdiction(b)
    return _is_cross_province(a, b) and (other.code in one.borders or one.code in other.borders)


def _is_of(agreement: Agreement, a: str, b: str) -> bool:
    if agreement.kind is not AgreementKind.PAIR:
        return False
    one, other = agreement.regions
    return (is_within(a, one) and is_within(b, other)) or (is_within(a, other) and is_within(b, one))
