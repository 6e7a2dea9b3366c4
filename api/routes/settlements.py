"""The settlement sheet of a period: what offices owe each other for trips over their borders (R109)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.access import STAFF
from api.days import DayText
from api.dependencies import Caller, Served, Store
from api.errors import FieldError, InvalidInput
from api.wording import Text
from dispatch.settled import settle_period
from fleet.settlements import SettlementLine

router = APIRouter(prefix="/v1", tags=["settlements"])

_LONGEST = timedelta(days=366)


@router.get("/settlements", summary="Trips over the border of a period, priced by the agreed tariffs; it balances")
def get_settlement(
    viewer: Caller,
    store: Store,
    services: Served,
    from_day: Annotated[DayText, Query(alias="from", description="First day.")],
    to_day: Annotated[DayText, Query(alias="to", description="Last day.")],
) -> dict[str, Any]:
    """Both sides see the same lines. ``unpriced`` are orders over a border for which no agreed tariff is in force."""
    viewer.require(STAFF)
    first, last = date.fromisoformat(from_day), date.fromisoformat(to_day)
    if not first <= last <= first + _LONGEST:
        raise InvalidInput(
            [
                FieldError(
                    field="to",
                    value=to_day,
                    message=Text("结算期间有误", "not a period to settle"),
                    remedy=Text("不早于起始日，且不超过一年", "not before the first day, and within a year"),
                )
            ]
        )
    settled = settle_period(store, services.book, first=first, last=last)
    lines = [own for own in settled.sheet.lines if viewer.covers(own.payer) or viewer.covers(own.receiver)]
    return {
        "from": from_day,
        "to": to_day,
        "lines": [_line(own) for own in lines],
        "payable_fen": _sums(lines, "payer"),
        "receivable_fen": _sums(lines, "receiver"),
        "balance_fen": settled.sheet.balance_fen,
        "unpriced": [
            id
            for id in settled.unpriced
            if (found := store.find("request", id)) is not None and viewer.covers(str(found.body["region"]))
        ],
    }


def _line(line: SettlementLine) -> dict[str, Any]:
    return asdict(line) | {"day": line.day.isoformat()}


def _sums(lines: list[SettlementLine], side: str) -> dict[str, int]:
    total: dict[str, int] = {}
    for line in lines:
        region = str(getattr(line, side))
        total[region] = total.get(region, 0) + line.amount_fen
    return dict(sorted(total.items()))
