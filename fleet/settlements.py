"""Settlement between regions that helped each other: every trip priced by the agreed tariff, every line owed by one side.

A line's amount is worked out once, in whole fen, and stands on both sides, so that payable and receivable balance by
construction (R109). Where one drive serves requests of several regions its price is split by passenger-metres with the largest
remainders, to the fen. Empty kilometres of the helping vehicle count in full (R112). A line names the order, no people (R111).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from fleet.errors import InvalidFact
from fleet.ids import AgreementId, RegionCode, RequestId, VehicleId


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """An agreed price: so much per matter, per started kilometre and per started minute, with tolls and energy at cost.

    ``share_per_mille`` is the part that the asking side bears (1000: all of it, as in a hire; 500: half and half).
    """

    name: str
    matter_fen: int
    km_fen: int
    minute_fen: int
    share_per_mille: int = 1_000

    def __post_init__(self) -> None:
        for name in ("matter_fen", "km_fen", "minute_fen"):
            if getattr(self, name) < 0:
                raise InvalidFact(
                    kind="tariff", id=self.name, field=name, value=getattr(self, name), remedy="zero or more"
                )
        if not 0 <= self.share_per_mille <= 1_000:
            raise InvalidFact(
                kind="tariff",
                id=self.name,
                field="share_per_mille",
                value=self.share_per_mille,
                remedy="from 0 to 1000",
            )


@dataclass(frozen=True, kw_only=True)
class Ride:
    """One request's part in a drive: who asked, how many people rode how far."""

    request_id: RequestId
    region: RegionCode
    passengers_count: int
    ride_m: int


@dataclass(frozen=True, kw_only=True)
class Drive:
    """A helping vehicle's work over the border on one day, empty legs included, with what was paid on the way."""

    vehicle_id: VehicleId
    region: RegionCode
    agreement_id: AgreementId
    day: date
    drive_m: int
    duty_s: int
    toll_fen: int
    energy_fen: int
    rides: tuple[Ride, ...]


@dataclass(frozen=True, kw_only=True)
class SettlementLine:
    """``payer`` owes ``receiver`` this amount for one order; the order number is the same on both sides (R106)."""

    request_id: RequestId
    agreement_id: AgreementId
    vehicle_id: VehicleId
    day: date
    payer: RegionCode
    receiver: RegionCode
    amount_fen: int
    tariff: str


@dataclass(frozen=True, kw_only=True)
class SettlementSheet:
    """The lines of a period with what each region owes and is owed."""

    lines: tuple[SettlementLine, ...]
    payable_fen: dict[RegionCode, int]
    receivable_fen: dict[RegionCode, int]

    @property
    def balance_fen(self) -> int:
        """Payable less receivable over all regions: 0 in a sheet that balances."""
        return sum(self.payable_fen.values()) - sum(self.receivable_fen.values())


def split(amount_fen: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Share an amount by weight to the fen (largest remainders, ties to the first); the parts sum up to it exactly.

    Raises
    ------
    ValueError
        If there is no weight above zero or one below.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights are zero or more, and not all zero")
    parts = [amount_fen * weight // total for weight in weights]
    rest = [amount_fen * weight % total for weight in weights]
    order = sorted(range(len(weights)), key=lambda number: (-rest[number], number))
    for number in order[: amount_fen - sum(parts)]:
        parts[number] += 1
    return tuple(parts)


def price_fen(drive: Drive, tariff: Tariff) -> int:
    """Price a drive: matters, started kilometres and minutes, tolls and energy."""
    return (
        tariff.matter_fen * len(drive.rides)
        + tariff.km_fen * -(-drive.drive_m // 1_000)
        + tariff.minute_fen * -(-drive.duty_s // 60)
        + drive.toll_fen
        + drive.energy_fen
    )


def settle(drives: Iterable[Drive], tariffs: dict[AgreementId, Tariff]) -> SettlementSheet:
    """Return the sheet of a period: one line per order that another region's vehicle served (R109).

    Raises
    ------
    InvalidFact
        If a drive has no rides or its agreement no tariff; nothing is settled then.
    """
    lines: list[SettlementLine] = []
    for drive in sorted(drives, key=lambda own: (own.day, own.vehicle_id)):
        tariff = tariffs.get(drive.agreement_id)
        if tariff is None:
            raise InvalidFact(
                kind="agreement",
                id=drive.agreement_id,
                field="settlement",
                value="",
                remedy="R109: an agreed tariff before the first settlement",
            )
        if not drive.rides:
            raise InvalidFact(
                kind="vehicle", id=drive.vehicle_id, field="rides", value=[], remedy="R109: at least one order"
            )
        weights = [max(1, ride.passengers_count * ride.ride_m) for ride in drive.rides]
        for ride, part_fen in zip(drive.rides, split(price_fen(drive, tariff), weights), strict=True):
            if ride.region == drive.region:
                continue
            lines.append(
                SettlementLine(
                    request_id=ride.request_id,
                    agreement_id=drive.agreement_id,
                    vehicle_id=drive.vehicle_id,
                    day=drive.day,
                    payer=ride.region,
                    receiver=drive.region,
                    amount_fen=(part_fen * tariff.share_per_mille + 500) // 1_000,
                    tariff=tariff.name,
                )
            )
    payable: defaultdict[RegionCode, int] = defaultdict(int)
    receivable: defaultdict[RegionCode, int] = defaultdict(int)
    for line in lines:
        payable[line.payer] += line.amount_fen
        receivable[line.receiver] += line.amount_fen
    return SettlementSheet(
        lines=tuple(lines), payable_fen=dict(sorted(payable.items())), receivable_fen=dict(sorted(receivable.items()))
    )
