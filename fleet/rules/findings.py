"""A finding: one rule held against one region, batch, site or unit, with the figure, the bound and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fleet.rules.bounds import Bound
from fleet.rules.jurisdictions import get_jurisdiction
from fleet.rules.model import Citation, RuleType, RuleView


class Verdict(StrEnum):
    """``FAIL`` breaks a hard rule, ``WARN`` a soft one; ``EXEMPT`` is never a failure (R020).

    ``INFO`` shows a figure without a floor, ``NOT_APPLICABLE`` has nothing to count, ``NOT_MEASURED`` lacks the data and
    ``NOT_SET`` a number that the region itself is to set (R021).
    """

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WARN = "warn"
    EXEMPT = "exempt"
    INFO = "info"
    NOT_APPLICABLE = "not_applicable"
    NOT_MEASURED = "not_measured"
    NOT_SET = "not_set"


@dataclass(frozen=True, kw_only=True)
class Change:
    """The smallest change that would pass. ``count`` is the number of things to change."""

    count: int
    message_zh: str
    message_en: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``x`` of ``y`` against ``bound``. ``subject`` is a batch, site, unit or ``aggregate`` of the region; empty: all of it.

    ``period`` is a year or ``first day..last day``; ``split`` tells the new-energy vehicles by drive train (R031);
    ``carried_over`` says that the bound has ended and holds on for want of a successor (R015).
    """

    rule_id: str
    type: RuleType
    title_zh: str
    title_en: str
    region: str
    region_name_zh: str
    region_name_en: str
    level: str
    subject: str
    verdict: Verdict
    citation: Citation
    document: str
    x: int | None = None
    y: int | None = None
    bound: str = ""
    period: str = ""
    carried_over: bool = False
    change: Change | None = None
    split: Mapping[str, int] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    note_zh: str = ""
    note_en: str = ""


def find(
    view: RuleView,
    rule_id: str,
    verdict: Verdict,
    *,
    level: str = "",
    subject: str = "",
    x: int | None = None,
    y: int | None = None,
    bound: Bound | None = None,
    period: str = "",
    carried_over: bool = False,
    change: Change | None = None,
    split: Mapping[str, int] | None = None,
    listed: tuple[str, ...] = (),
    note_zh: str = "",
    note_en: str = "",
) -> Finding:
    """Make a finding about the view's region, with title and citation of the rule."""
    rule, own = view.book.get(rule_id), get_jurisdiction(view.region)
    citation = next((one for one in rule.citations if one.quotation), rule.citations[0])
    return Finding(
        rule_id=rule_id,
        type=rule.type,
        title_zh=rule.title_zh,
        title_en=rule.title_en,
        region=view.region,
        region_name_zh=own.name_zh,
        region_name_en=own.name_en,
        level=level,
        subject=subject,
        verdict=verdict,
        citation=citation,
        document=view.book.documents[citation.document].title,
        x=x,
        y=y,
        bound="" if bound is None else str(bound),
        period=period,
        carried_over=carried_over,
        change=change,
        split={} if split is None else dict(split),
        listed=listed,
        note_zh=note_zh,
        note_en=note_en,
    )


def judge(view: RuleView, rule_id: str, bound: Bound, x: int, y: int) -> Verdict:
    """Pass, or fail of a hard rule, or warning of a soft one, or information; nothing to count is not applicable."""
    if y == 0:
        return Verdict.NOT_APPLICABLE
    if bound.holds(x, y):
        return Verdict.PASS
    return {RuleType.HARD: Verdict.FAIL, RuleType.SOFT: Verdict.WARN, RuleType.IND: Verdict.INFO}[
        view.book.get(rule_id).type
    ]


def share_change(bound: Bound, x: int, y: int) -> Change | None:
    """The smallest change of a share of purchases: so many bought otherwise, or so many further ones that count."""
    if y == 0 or bound.holds(x, y):
        return None
    other = bound.limit(y) - x
    message_zh = f"将{other}辆改为新能源汽车"
    message_en = f"make {other} of them new-energy vehicles"
    further = _further(bound, x, y)
    if further is not None:
        message_zh += f"，或再更新{further}辆且全部为新能源汽车"
        message_en += f", or buy {further} further ones, all of them new-energy"
    return Change(count=other, message_zh=message_zh, message_en=message_en)


def _further(bound: Bound, x: int, y: int) -> int | None:
    """The least m such that x + m of y + m keeps a floor; None where no m does."""
    gain = bound.left - bound.right
    if gain <= 0:
        return None
    missing = bound.right * y - bound.left * x
    return missing // gain + 1 if bound.comparison.is_strict else -(-missing // gain)


def count_change(bound: Bound, x: int, y: int, *, thing_zh: str, thing_en: str) -> Change | None:
    """The smallest change of a count against a floor or a cap, the other count staying as it is."""
    if bound.holds(x, y):
        return None
    difference = bound.limit(y) - x
    if difference > 0:
        return Change(
            count=difference, message_zh=f"增加{difference}{thing_zh}", message_en=f"add {difference} {thing_en}"
        )
    return Change(
        count=-difference, message_zh=f"减少{-difference}{thing_zh}", message_en=f"take away {-difference} {thing_en}"
    )
