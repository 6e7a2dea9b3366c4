"""A rule as data, and a book of rules asked for one day and one region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from fleet.errors import InvalidFact, NotFound
from fleet.rules.bounds import Bound
from fleet.rules.jurisdictions import Jurisdiction, Province, get_jurisdiction, is_within
from fleet.units import Level


class RuleType(StrEnum):
    """``HARD`` is never broken; ``SOFT`` is an objective, a warning or a waiver with a reason; ``IND`` blocks nothing."""

    HARD = "HARD"
    SOFT = "SOFT"
    IND = "IND"


class Basis(StrEnum):
    """``STATED`` in a cited plan, ``DERIVED`` from its words by us, ``PUBLIC`` from other public sources or law."""

    STATED = "stated"
    DERIVED = "derived"
    PUBLIC = "public"


class Origin(StrEnum):
    """Where a number comes from. ``DEFAULT`` is ours; ``UNVERIFIED`` is known only from general knowledge of a text."""

    STATED = "stated"
    DERIVED = "derived"
    PUBLIC = "public"
    DEFAULT = "default"
    UNVERIFIED = "unverified"
    LOCAL = "local"


class PopulationScope(StrEnum):
    """Whom a rule counts (R014): party and government organs, all public institutions (organs among them), or either."""

    ORGANS = "organs"
    PUBLIC_INSTITUTIONS = "public_institutions"
    BOTH = "both"


class Status(StrEnum):
    """How far a rule bites today.

    ``ENFORCED``: what breaks it is refused. ``CHECKED``: the compliance check says pass or fail. ``OFFERED``: the function
    that decides it stands and is tested, but nothing calls it yet. ``CONTEXT``: figures to show; there is nothing to refuse.
    ``OPEN``: not yet.
    """

    ENFORCED = "enforced"
    CHECKED = "checked"
    OFFERED = "offered"
    CONTEXT = "context"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A cited document. ``where`` is an address, ``seen`` what was read of it (empty: all, at hand word for word)."""

    id: str
    title: str
    english: str = ""
    where: str = ""
    seen: str = ""


@dataclass(frozen=True, kw_only=True)
class Citation:
    """``quotation`` is word for word, without spaces; empty only for documents that are pointers to a public text."""

    document: str
    section: str = ""
    quotation: str = ""
    english: str = ""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who answers for a local override, since when and why."""

    person: str
    on: date
    reason: str
    file: str


@dataclass(frozen=True, kw_only=True)
class Value:
    """One dated value of a rule: a whole ``number`` in its unit, a ``bound``, or ``codes``.

    ``regions`` narrows the rule's scope (empty: all of it). ``to_day`` None: no end is known.
    """

    name: str
    unit: str
    origin: Origin
    from_day: date
    to_day: date | None = None
    regions: tuple[str, ...] = ()
    number: int | None = None
    bound: Bound | None = None
    codes: tuple[str, ...] | None = None
    signature: Signature | None = None

    @property
    def content(self) -> int | Bound | tuple[str, ...]:
        """The number, the bound or the codes, whichever it is."""
        for part in (self.number, self.bound):
            if part is not None:
                return part
        return self.codes or ()


@dataclass(frozen=True, kw_only=True)
class Enforcement:
    """``where`` is the file that decides, ``test`` (``path::name``) shows it refusing, ``missing`` says what is not done."""

    status: Status
    where: str = ""
    test: str = ""
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. ``text`` is the testable reading; ``bites`` where it is meant to be felt.

    ``to_be_set`` names values that the plan leaves to a region, which sets them in a signed file of its own (R021).
    """

    id: str
    group: str
    title_zh: str
    title_en: str
    type: RuleType
    basis: Basis
    population: PopulationScope
    text: str
    bites: tuple[str, ...]
    regions: tuple[str, ...]
    levels: tuple[Level, ...]
    values: tuple[Value, ...]
    citations: tuple[Citation, ...]
    enforcement: Enforcement
    note: str = ""
    waiver_reasons: tuple[str, ...] = ()
    to_be_set: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """All rules by id, the documents they cite and the named groups of regions."""

    rules: Mapping[str, Rule]
    documents: Mapping[str, Document]
    groups: Mapping[str, tuple[str, ...]]

    def __iter__(self) -> Iterator[Rule]:
        """Iterate over the rules in the order of their ids."""
        return iter(self.rules.values())

    def get(self, rule_id: str) -> Rule:
        """Return a rule; raises :class:`fleet.errors.NotFound`."""
        rule = self.rules.get(rule_id)
        if rule is None:
            raise NotFound(kind="rule", id=rule_id)
        return rule

    def covers(self, token: str, region: str) -> bool:
        """Return whether a scope token (``SC``, ``CQ``, a group or a code) takes in a region."""
        if token in (Province.SICHUAN, Province.CHONGQING):
            return get_jurisdiction(region).province == token
        return any(is_within(region, code) for code in self.groups.get(token, (token,)))

    def at(self, day: date, region: str) -> RuleView:
        """Return the rules as they stand on a local day in a region.

        Raises
        ------
        InvalidFact
            If the region is unknown (R001).
        """
        return RuleView(book=self, day=day, region=region, jurisdiction=get_jurisdiction(region))


@dataclass(frozen=True, kw_only=True)
class RuleView:
    """The numbers of one day and one region. A key is rule id and value name: ``R116.rest_s``."""

    book: RuleBook
    day: date
    region: str
    jurisdiction: Jurisdiction
    _found: dict[str, Value | None] = field(default_factory=dict, compare=False, repr=False)

    def applies(self, rule_id: str) -> bool:
        """Return whether the rule's scope takes in this region."""
        rule = self.book.get(rule_id)
        return any(self.book.covers(token, self.region) for token in rule.regions)

    def find(self, key: str) -> Value | None:
        """Return the value in force, None where the rule does not reach or has not begun.

        A local override goes before the book, a value for part of the scope before one for all of it, and of the rest the
        last one begun. What has ended and has no successor stays in force as carried over (R015).
        """
        if key not in self._found:
            self._found[key] = self._resolve(key)
        return self._found[key]

    def _resolve(self, key: str) -> Value | None:
        rule_id, _, name = key.partition(".")
        if not self.applies(rule_id):
            return None
        begun = [
            value
            for value in self.book.get(rule_id).values
            if value.name == name
            and value.from_day <= self.day
            and (not value.regions or any(self.book.covers(token, self.region) for token in value.regions))
        ]
        return max(
            begun,
            key=lambda value: (value.signature is not None, bool(value.regions), value.from_day),
            default=None,
        )

    def get(self, key: str) -> Value:
        """Return the value in force; raises :class:`fleet.errors.NotFound`."""
        value = self.find(key)
        if value is None:
            raise NotFound(kind="rule value", id=f"{key} ({self.region}, {self.day.isoformat()})")
        return value

    def __getitem__(self, key: str) -> int:
        """Return a plain number; raises :class:`fleet.errors.NotFound` where there is none."""
        number = self.get(key).number
        if number is None:
            raise NotFound(kind="rule number", id=key)
        return number

    def bound(self, key: str) -> Bound:
        """Return a bound; raises :class:`fleet.errors.NotFound` where there is none."""
        bound = self.get(key).bound
        if bound is None:
            raise NotFound(kind="rule bound", id=key)
        return bound

    def codes(self, key: str) -> tuple[str, ...]:
        """Return codes; raises :class:`fleet.errors.NotFound` where there are none."""
        codes = self.get(key).codes
        if codes is None:
            raise NotFound(kind="rule codes", id=key)
        return codes

    def is_carried_over(self, key: str) -> bool:
        """Return whether the value in force has ended and holds on only because nothing followed it (R015)."""
        value = self.get(key)
        return value.to_day is not None and value.to_day < self.day

    def check_waiver(self, rule_id: str, reason: str, text: str) -> None:
        """Accept a waiver of a soft rule.

        Raises
        ------
        InvalidFact
            If the rule knows no waiver, the reason is none of its reasons, or there is no text.
        """
        rule = self.book.get(rule_id)
        if not rule.waiver_reasons:
            raise InvalidFact(
                kind="waiver", id=rule_id, field="rule", value=rule_id, remedy=f"{rule_id} cannot be waived"
            )
        if reason not in rule.waiver_reasons:
            raise InvalidFact(
                kind="waiver",
                id=rule_id,
                field="reason",
                value=reason,
                remedy=f"{rule_id}: one of {', '.join(rule.waiver_reasons)}",
            )
        if not text.strip():
            raise InvalidFact(kind="waiver", id=rule_id, field="text", value=text, remedy=f"{rule_id}: say why")
