"""Tariffs of time-share rental as data, and a pure function from a use of a car to an itemised bill, in whole fen.

What rule R098 asks of the model: price by minute or hour, by kilometre, in tiers, a cap per 24 hours, a cap per car and year;
with it energy, deposits, cancelling free of charge, returning elsewhere, being late. The same function makes the quote (of the
planned use) and the settlement (of the real one), and nothing but its two arguments decides: a bill can be worked out
again from the ledger at any time.

Time is charged per started step of ``step_s``, distance per started kilometre. A day of the cap is 24 hours from when the car
was taken, not a calendar day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from fleet.errors import InvalidFact
from fleet.ids import ProviderId, RegionCode, TariffId

DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class TimeTier:
    """From ``from_s`` of a day on, a started step costs ``step_fen``."""

    from_s: int
    step_fen: int


@dataclass(frozen=True, kw_only=True)
class DistanceTier:
    """From ``from_m`` of a rental on, a started kilometre costs ``km_fen``."""

    from_m: int
    km_fen: int


@dataclass(frozen=True, kw_only=True)
class RentalTariff:
    """A provider's price list. A price that changes is a new tariff: one that was once used never changes.

    ``included_m`` are free kilometres of each rental. ``day_cap_fen`` bounds the time charge of 24 hours, ``year_cap_fen``
    time and distance of one car in a calendar year. ``energy_fen_per_kwh`` 0: energy is included. ``free_cancel_s``:
    cancelling costs nothing until so long before the start, ``late_cancel_fen`` after. ``late_step_fen`` comes on top for
    each started step after the agreed end. ``splitting_may_save`` must be said where two short rentals can be cheaper than
    one long one: tiers that rise, or free kilometres.
    """

    id: TariffId
    provider_id: ProviderId
    name: str
    region: RegionCode
    valid_from: date
    valid_to: date | None = None
    step_s: int = 60
    time_tiers: tuple[TimeTier, ...] = ()
    distance_tiers: tuple[DistanceTier, ...] = ()
    start_fen: int = 0
    included_m: int = 0
    day_cap_fen: int | None = None
    year_cap_fen: int | None = None
    energy_fen_per_kwh: int = 0
    one_way_fen: int = 0
    late_step_fen: int = 0
    deposit_fen: int = 0
    free_cancel_s: int = 0
    late_cancel_fen: int = 0
    no_show_fen: int = 0
    splitting_may_save: bool = False

    def __post_init__(self) -> None:
        def refuse(field: str, value: object, remedy: str) -> InvalidFact:
            return InvalidFact(kind="rental_tariff", id=self.id, field=field, value=value, remedy=remedy)

        if self.step_s <= 0 or DAY_S % self.step_s:
            raise refuse("step_s", self.step_s, "a divisor of 24 hours, such as 60 or 3600")
        for name in _AMOUNTS:
            value = getattr(self, name)
            if value is not None and value < 0:
                raise refuse(name, value, "zero or more")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise refuse("valid_to", self.valid_to.isoformat(), "not before valid_from")
        starts = [tier.from_s for tier in self.time_tiers]
        if _is_no_staircase(starts) or any(start % self.step_s or start >= DAY_S for start in starts):
            raise refuse("time_tiers", starts, "from 0, rising, each a whole number of steps below 24 hours")
        metres = [tier.from_m for tier in self.distance_tiers]
        if _is_no_staircase(metres) or any(metre % 1_000 for metre in metres):
            raise refuse("distance_tiers", metres, "from 0, rising, each a whole number of kilometres")
        prices = [*(tier.step_fen for tier in self.time_tiers), *(tier.km_fen for tier in self.distance_tiers)]
        if min(prices, default=0) < 0:
            raise refuse("time_tiers", prices, "zero or more")
        if self.rewards_splitting and not self.splitting_may_save:
            raise refuse(
                "splitting_may_save", False, "true, as tiers rise or kilometres are free: say that splitting may save"
            )

    @property
    def rewards_splitting(self) -> bool:
        """Whether two rentals can be cheaper than one of the same length: a tier dearer than the one before, or free metres."""
        rising = any(b.step_fen > a.step_fen for a, b in pairwise(self.time_tiers))
        return rising or self.included_m > 0 or any(b.km_fen > a.km_fen for a, b in pairwise(self.distance_tiers))

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


_AMOUNTS = (
    "start_fen", "included_m", "day_cap_fen", "year_cap_fen", "energy_fen_per_kwh", "one_way_fen", "late_step_fen",
    "deposit_fen", "free_cancel_s", "late_cancel_fen", "no_show_fen",
)  # fmt: skip


def _is_no_staircase(starts: Sequence[int]) -> bool:
    return bool(starts) and (starts[0] != 0 or any(a >= b for a, b in pairwise(starts)))


@dataclass(frozen=True, kw_only=True)
class RentalUse:
    """A use of a car, planned or real.

    ``paid_year_fen`` is what time and distance of this car cost its renters' unit before in the same year (for the year's cap);
    ``incentive_fen`` a reward for returning where the car is needed, never more than the rest of the bill.
    """

    begin_at: datetime
    end_at: datetime
    agreed_end_at: datetime
    drive_m: int
    used_wh: int = 0
    one_way: bool = False
    paid_year_fen: int = 0
    incentive_fen: int = 0

    def __post_init__(self) -> None:
        if self.end_at < self.begin_at or self.agreed_end_at < self.begin_at:
            raise InvalidFact(
                kind="rental",
                id="",
                field="end_at",
                value=self.end_at.isoformat(),
                remedy="not before the begin of use",
            )
        for name in ("drive_m", "used_wh", "paid_year_fen", "incentive_fen"):
            if getattr(self, name) < 0:
                raise InvalidFact(kind="rental", id="", field=name, value=getattr(self, name), remedy="zero or more")


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """One item: so much of ``unit``, and what it comes to. Caps and incentives are lines below zero."""

    code: str
    quantity: int
    unit: str
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class Bill:
    """The items with their sum. ``capped_fen`` is the part that counts towards the year's cap: time and distance."""

    tariff_id: TariffId
    lines: tuple[BillLine, ...]
    amount_fen: int
    capped_fen: int

    def __post_init__(self) -> None:
        if sum(line.amount_fen for line in self.lines) != self.amount_fen:
            raise InvalidFact(
                kind="rental_tariff",
                id=self.tariff_id,
                field="amount_fen",
                value=self.amount_fen,
                remedy="the sum of the lines",
            )


def bill(tariff: RentalTariff, use: RentalUse) -> Bill:
    """Price a use: pure, in fen, one line per item that is not zero.

    Never falls when the use gets longer or farther; the caps hold; and unless the tariff says ``splitting_may_save``, the
    parts of a rental cost at least as much as the whole.
    """
    duration_s = _whole_seconds(use.begin_at, use.end_at)
    steps = _up(duration_s, tariff.step_s)
    time_fen, cut_fen = _time_fen(tariff, steps)
    km = _up(max(0, use.drive_m - tariff.included_m), 1_000)
    distance_fen = _distance_fen(tariff, km)
    late_steps = _up(max(0, _whole_seconds(use.agreed_end_at, use.end_at)), tariff.step_s)
    lines = [
        BillLine(code="start", quantity=1, unit="rental", amount_fen=tariff.start_fen),
        BillLine(code="time", quantity=steps, unit=f"{tariff.step_s}s", amount_fen=time_fen),
        BillLine(code="day_cap", quantity=_up(duration_s, DAY_S), unit="day", amount_fen=-cut_fen),
        BillLine(code="distance", quantity=km, unit="km", amount_fen=distance_fen),
    ]
    capped_fen = time_fen - cut_fen + distance_fen
    if tariff.year_cap_fen is not None:
        over_fen = max(0, capped_fen - max(0, tariff.year_cap_fen - use.paid_year_fen))
        lines.append(BillLine(code="year_cap", quantity=1, unit="year", amount_fen=-over_fen))
        capped_fen -= over_fen
    lines += [
        BillLine(
            code="energy",
            quantity=use.used_wh,
            unit="Wh",
            amount_fen=_up(use.used_wh * tariff.energy_fen_per_kwh, 1_000),
        ),
        BillLine(code="one_way", quantity=1, unit="rental", amount_fen=tariff.one_way_fen if use.one_way else 0),
        BillLine(
            code="late", quantity=late_steps, unit=f"{tariff.step_s}s", amount_fen=late_steps * tariff.late_step_fen
        ),
    ]
    total_fen = sum(line.amount_fen for line in lines)
    incentive_fen = min(use.incentive_fen, total_fen)
    lines.append(BillLine(code="incentive", quantity=1, unit="rental", amount_fen=-incentive_fen))
    return Bill(
        tariff_id=tariff.id,
        lines=tuple(line for line in lines if line.amount_fen != 0),
        amount_fen=total_fen - incentive_fen,
        capped_fen=capped_fen,
    )


def cancellation(tariff: RentalTariff, *, starts_at: datetime, at: datetime) -> Bill:
    """What it costs to cancel at an instant: nothing until ``free_cancel_s`` before the start."""
    late = _whole_seconds(at, starts_at) < tariff.free_cancel_s
    return _single(tariff, "late_cancel", tariff.late_cancel_fen if late else 0)


def no_show(tariff: RentalTariff) -> Bill:
    """What it costs not to come."""
    return _single(tariff, "no_show", tariff.no_show_fen)


def _single(tariff: RentalTariff, code: str, amount_fen: int) -> Bill:
    line = BillLine(code=code, quantity=1, unit="rental", amount_fen=amount_fen)
    return Bill(tariff_id=tariff.id, lines=(line,) if amount_fen else (), amount_fen=amount_fen, capped_fen=0)


def _time_fen(tariff: RentalTariff, steps: int) -> tuple[int, int]:
    """The price of so many steps without the day's cap, and what the cap takes off, day by day."""
    per_day = DAY_S // tariff.step_s
    days, rest = divmod(steps, per_day)
    day_fen, rest_fen = _steps_fen(tariff, per_day), _steps_fen(tariff, rest)
    if tariff.day_cap_fen is None:
        return days * day_fen + rest_fen, 0
    cut_fen = days * max(0, day_fen - tariff.day_cap_fen) + max(0, rest_fen - tariff.day_cap_fen)
    return days * day_fen + rest_fen, cut_fen


def _steps_fen(tariff: RentalTariff, steps: int) -> int:
    bounds = [tier.from_s // tariff.step_s for tier in tariff.time_tiers]
    return _stairs_fen(steps, bounds, [tier.step_fen for tier in tariff.time_tiers])


def _distance_fen(tariff: RentalTariff, km: int) -> int:
    bounds = [tier.from_m // 1_000 for tier in tariff.distance_tiers]
    return _stairs_fen(km, bounds, [tier.km_fen for tier in tariff.distance_tiers])


def _stairs_fen(count: int, bounds: Sequence[int], prices: Sequence[int]) -> int:
    """Price ``count`` pieces, each at the price of the tier it lies in."""
    ends = [*bounds[1:], count]
    return sum(max(0, min(count, end) - bound) * price for bound, end, price in zip(bounds, ends, prices, strict=False))


def _up(quantity: int, per: int) -> int:
    """Started pieces: the quotient rounded up."""
    return -(-quantity // per)


def _whole_seconds(since: datetime, until: datetime) -> int:
    delta = until - since
    return delta.days * DAY_S + delta.seconds + (1 if delta.microseconds else 0)
