"""From returned orders to settlements, monthly batches per provider, and the comparison with the provider's own file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from fleet.errors import InvalidFact
from fleet.ids import PersonId, ProviderId, RegionCode, RentalId, RequestId, UnitId, VehicleId
from fleet.rentals import Rental, RentalSettlement, RentalState
from fleet.tariffs import Bill, RentalTariff, RentalUse, bill

_LOCAL = ZoneInfo("Asia/Shanghai")


def standstill_of(rental: Rental) -> timedelta:
    """The time between each breakdown under way and the next car, or the end: nobody pays for it."""
    taken = sorted(leg.taken_at for leg in rental.legs if leg.taken_at is not None)
    ended = [rental.returned.at] if rental.returned is not None else []
    lost = timedelta()
    goes_on_at = min(taken, default=None)
    for broken in sorted(rental.breakdowns, key=lambda own: own.at):
        if goes_on_at is None or broken.at < goes_on_at:
            continue  # before the first car was taken, or while waiting for another one
        goes_on_at = min([*(at for at in taken if at > broken.at), *ended], default=broken.at)
        lost += max(timedelta(), goes_on_at - broken.at)
    return lost


def use_of(rental: Rental, *, capacity_wh: Mapping[VehicleId, int], paid_year_fen: int) -> RentalUse:
    """The real use of a returned order: time without standstills, metres and energy of all its cars.

    Raises
    ------
    InvalidFact
        If the order is not returned.
    """
    if rental.returned is None or rental.taken_at is None:
        raise InvalidFact(
            kind="rental", id=rental.id, field="returned", value=None, remedy="R087: a return record first"
        )
    return RentalUse(
        begin_at=rental.taken_at,
        end_at=max(rental.taken_at, rental.returned.at - standstill_of(rental)),
        agreed_end_at=max(rental.taken_at, rental.until_at),
        drive_m=rental.drive_m,
        used_wh=sum(leg.used_wh(capacity_wh.get(leg.vehicle_id, 0)) for leg in rental.legs),
        one_way=rental.returned.site_id != rental.from_site_id,
        paid_year_fen=paid_year_fen,
        incentive_fen=rental.incentive_fen if rental.returned.site_id == rental.to_site_id else 0,
    )


def settlement_of(
    rental: Rental,
    tariff: RentalTariff,
    *,
    capacity_wh: Mapping[VehicleId, int],
    paid_year_fen: int,
    at: datetime,
    by: PersonId,
    rules_on: date,
) -> RentalSettlement:
    """Work out the settlement of a returned order; the order itself is closed by :func:`fleet.rentals.settle`."""
    use = use_of(rental, capacity_wh=capacity_wh, paid_year_fen=paid_year_fen)
    return RentalSettlement(
        at=at,
        by=by,
        bill=bill(tariff, use),
        begin_at=use.begin_at,
        end_at=use.end_at,
        drive_m=use.drive_m,
        used_wh=use.used_wh,
        paid_year_fen=paid_year_fen,
        incentive_fen=use.incentive_fen,
        rules_on=rules_on,
        budget_line=rental.budget_line,
        one_way=use.one_way,
    )


def fee_settlement(rental: Rental, fee: Bill, *, at: datetime, by: PersonId, rules_on: date) -> RentalSettlement | None:
    """The settlement of a late cancellation or a no-show; None where it costs nothing."""
    if fee.amount_fen == 0:
        return None
    return RentalSettlement(
        at=at, by=by, bill=fee, begin_at=at, end_at=at, drive_m=0, used_wh=0, paid_year_fen=0, incentive_fen=0,
        rules_on=rules_on, budget_line=rental.budget_line,
    )  # fmt: skip


def worked_out_again(rental: Rental, tariff: RentalTariff) -> Bill | None:
    """The bill made anew from what the settlement keeps; None for an order without a settled use."""
    own = rental.settlement
    if own is None or rental.returned is None or rental.taken_at is None:
        return None
    use = RentalUse(
        begin_at=own.begin_at,
        end_at=own.end_at,
        agreed_end_at=max(own.begin_at, rental.until_at),
        drive_m=own.drive_m,
        used_wh=own.used_wh,
        one_way=own.one_way,
        paid_year_fen=own.paid_year_fen,
        incentive_fen=own.incentive_fen,
    )
    return bill(tariff, use)


def list_unsettled(rentals: Iterable[Rental], *, now: datetime, within_days: int) -> tuple[Rental, ...]:
    """Orders returned more than ``within_days`` ago and not settled, the oldest first (R088)."""
    late = [
        own
        for own in rentals
        if own.returned is not None and own.settlement is None and now - own.returned.at > timedelta(days=within_days)
    ]
    return tuple(sorted(late, key=lambda own: (own.returned.at if own.returned else now, own.id)))


# ---- monthly batches


@dataclass(frozen=True, kw_only=True)
class BatchLine:
    """One order of a batch: still one line, one settlement (R088)."""

    rental_id: RentalId
    request_id: RequestId
    unit_id: UnitId
    vehicle_id: VehicleId
    settled_on: date
    amount_fen: int
    budget_line: str


class BatchState(StrEnum):
    OPEN = "open"
    RECONCILED = "reconciled"
    DIFFERENCES = "differences"


class DifferenceKind(StrEnum):
    """``MISSING_HERE``: the provider lists an order that the batch does not have; ``MISSING_THERE``: the other way round."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    TWICE = "twice"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One disagreement with the provider's file; amounts are 0 where a side has none."""

    kind: DifferenceKind
    rental_id: RentalId
    ours_fen: int
    theirs_fen: int


@dataclass(frozen=True, kw_only=True)
class RentalBatch:
    """A provider's month: the orders settled in it. ``id`` is provider and month."""

    id: str
    provider_id: ProviderId
    region: RegionCode
    month: str
    made_at: datetime
    made_by: PersonId
    lines: tuple[BatchLine, ...]
    total_fen: int
    state: BatchState = BatchState.OPEN
    differences: tuple[Difference, ...] = ()

    def __post_init__(self) -> None:
        if self.total_fen != sum(line.amount_fen for line in self.lines):
            raise InvalidFact(
                kind="rental_batch", id=self.id, field="total_fen", value=self.total_fen, remedy="the sum of the lines"
            )


@dataclass(frozen=True, kw_only=True)
class ProviderLine:
    """A line of the provider's own file."""

    rental_id: RentalId
    amount_fen: int


def month_of(at: datetime) -> str:
    """The local calendar month of an instant, ``YYYY-MM``."""
    return at.astimezone(_LOCAL).strftime("%Y-%m")


def make_batch(
    rentals: Iterable[Rental],
    *,
    provider_id: ProviderId,
    region: RegionCode,
    month: str,
    at: datetime,
    by: PersonId,
) -> RentalBatch:
    """Put the provider's orders settled in a month together, a line each; disputed ones wait for their resolution."""
    lines = tuple(
        BatchLine(
            rental_id=own.id,
            request_id=own.request_id,
            unit_id=own.unit_id,
            vehicle_id=own.vehicle_id,
            settled_on=own.settlement.at.astimezone(_LOCAL).date(),
            amount_fen=own.owed_fen,
            budget_line=own.settlement.budget_line,
        )
        for own in sorted(rentals, key=lambda own: own.id)
        if own.provider_id == provider_id
        and own.settlement is not None
        and own.state is not RentalState.DISPUTED
        and month_of(own.settlement.at) == month
    )
    return RentalBatch(
        id=f"{provider_id}-{month}",
        provider_id=provider_id,
        region=region,
        month=month,
        made_at=at,
        made_by=by,
        lines=lines,
        total_fen=sum(line.amount_fen for line in lines),
    )


def compare(batch: RentalBatch, theirs: Sequence[ProviderLine]) -> tuple[Difference, ...]:
    """Hold a batch against the provider's file; empty where both say the same."""
    ours = {line.rental_id: line.amount_fen for line in batch.lines}
    counted = Counter(line.rental_id for line in theirs)
    given: dict[RentalId, int] = {}
    for line in theirs:
        given.setdefault(line.rental_id, line.amount_fen)
    found: list[Difference] = []
    for rental_id in sorted({*ours, *given}):
        our_fen, their_fen = ours.get(rental_id), given.get(rental_id)
        kind = None
        if our_fen is None:
            kind = DifferenceKind.MISSING_HERE
        elif their_fen is None:
            kind = DifferenceKind.MISSING_THERE
        elif our_fen != their_fen:
            kind = DifferenceKind.AMOUNT
        if kind is not None:
            found.append(Difference(kind=kind, rental_id=rental_id, ours_fen=our_fen or 0, theirs_fen=their_fen or 0))
        if counted[rental_id] > 1:
            sum_fen = sum(line.amount_fen for line in theirs if line.rental_id == rental_id)
            found.append(
                Difference(kind=DifferenceKind.TWICE, rental_id=rental_id, ours_fen=our_fen or 0, theirs_fen=sum_fen)
            )
    return tuple(found)
