"""Is the difference between two fleets real? Paired over the parts of a period that both went through with the same luck.

The figure of a whole period is a function of its tally; what one part contributes is found by leaving it out (the jackknife,
Quenouille 1956, Tukey 1958), which is right for sums, for ratios of sums and, nearly, for percentiles. The parts' pseudo-values
of the difference are taken as independent, and Student's t gives the interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import fmean, stdev

from dispatch.policy import DispatchPolicy
from scenarios.factors import Factors
from scenarios.measures import MEASURES, Account, Measure
from scenarios.tally import Tally, total

CONFIDENCE_FRAC = 0.95


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its confidence interval."""

    estimate: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether zero lies outside."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One measure of another fleet against the first: difference over the whole period, with its 95 % interval.

    ``parts`` is how many parts it rests on; ``says_zh`` and ``says_en`` put it into a sentence.
    """

    measure_id: str
    first: float
    other: float
    difference: float
    low: float
    high: float
    parts: int
    significant: bool
    says_zh: str
    says_en: str


def mean_interval(values: Sequence[float], *, confidence_frac: float = CONFIDENCE_FRAC) -> Interval:
    """Student's t interval of a mean.

    Raises
    ------
    ValueError
        With fewer than two values.
    """
    if len(values) < 2:
        raise ValueError(f"{len(values)} values: at least two for an interval")
    mean = fmean(values)
    half = t_quantile(0.5 + confidence_frac / 2, len(values) - 1) * stdev(values) / sqrt(len(values))
    return Interval(estimate=mean, low=mean - half, high=mean + half)


def t_quantile(frac: float, freedom: int) -> float:
    """Quantile of Student's t distribution."""
    from scipy.special import stdtrit  # noqa: PLC0415 - a heavy import for one number

    return float(stdtrit(freedom, frac))


def compare(
    first: Sequence[Tally],
    other: Sequence[Tally],
    *,
    policy: DispatchPolicy,
    factors: Factors,
    measures: Sequence[Measure] = MEASURES,
) -> tuple[Comparison, ...]:
    """Compare two fleets measure by measure; empty with fewer than two parts.

    Raises
    ------
    ValueError
        If the two did not go through the same number of parts.
    """
    if len(first) != len(other):
        raise ValueError(f"{len(first)} and {len(other)} parts: the fleets did not go through the same days")
    if len(first) < 2:
        return ()
    wholes = [total(first), total(other)]
    without = [_leave_one_out(first), _leave_one_out(other)]
    found: list[Comparison] = []
    for measure in measures:

        def value(tally: Tally, measure: Measure = measure) -> float:
            figure = measure.compute(Account(tally=tally, policy=policy, factors=factors))
            return figure / max(1, tally.days) if measure.additive else figure

        a, b = value(wholes[0]), value(wholes[1])
        n = len(first)
        pseudo = [n * (b - a) - (n - 1) * (value(two) - value(one)) for one, two in zip(*without, strict=True)]
        interval = mean_interval(pseudo)
        days = wholes[0].days if measure.additive else 1
        found.append(_comparison(measure, a * days, b * days, interval, days, n))
    return tuple(found)


def _leave_one_out(parts: Sequence[Tally]) -> list[Tally]:
    """The sum of all parts but one, for each of them: by sums from both ends, not by n squared additions."""
    before = [Tally()]
    for part in parts[:-1]:
        before.append(total((before[-1], part)))
    after = [Tally()]
    for part in reversed(parts[1:]):
        after.append(total((after[-1], part)))
    return [total(pair) for pair in zip(before, reversed(after), strict=True)]


def _comparison(
    measure: Measure, first: float, other: float, interval: Interval, scale: float, parts: int
) -> Comparison:
    low, high = interval.low * scale, interval.high * scale
    difference = other - first
    significant = interval.is_clear and isfinite(low) and isfinite(high)
    if not significant:
        zh = f"{measure.name_zh}：差异不显著（95%置信区间含零，{parts}个时段配对）。"
        en = f"{measure.name_en}: no significant difference (the 95 % interval contains zero; {parts} paired parts)."
    else:
        more = difference > 0
        verdict_zh = {0: "", 1: "，有改善" if more else "，变差", -1: "，变差" if more else "，有改善"}[measure.better]
        verdict_en = {0: "", 1: ", better" if more else ", worse", -1: ", worse" if more else ", better"}[
            measure.better
        ]
        amount = _amount(abs(difference), measure.unit)
        zh = f"{measure.name_zh}{'增加' if more else '减少'}{amount}，差异显著（95%置信）{verdict_zh}。"
        en = f"{measure.name_en} {'rises' if more else 'falls'} by {amount}, significant at 95 %{verdict_en}."
    return Comparison(
        measure_id=measure.id,
        first=round(first, 6),
        other=round(other, 6),
        difference=round(difference, 6),
        low=round(low, 6),
        high=round(high, 6),
        parts=parts,
        significant=significant,
        says_zh=zh,
        says_en=en,
    )


def _amount(value: float, unit: str) -> str:
    return f"{value:,.4g}" if unit == "1" else f"{value:,.4g} {unit}"
