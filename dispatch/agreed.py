"""Who may help whom on a day: the agreements in the store under the rules of that day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from dispatch.permission import Territory, territory_of, territory_under
from fleet.agreements import Agreement
from fleet.documents import decode
from fleet.regions import load_regions
from fleet.rules.load import load
from fleet.rules.model import RuleBook
from fleet.rules.pools import PoolRules
from fleet.store import FleetStore


def territory_on(store: FleetStore, day: date, *, book: RuleBook | None = None) -> Territory:
    """Return how regions relate on a day.

    Once an agreement was ever recorded, agreements and rules decide alone (R007-R012, R017, R105-R107). A store without any
    keeps to the region table: base zones over the border, cooperation areas as the policy says.
    """
    agreements = tuple(_agreements(store))
    if not agreements:
        return territory_of(load_regions())
    return territory_under(load_regions(), PoolRules(book=book or load(), day=day, agreements=agreements))


def _agreements(store: FleetStore) -> Iterator[Agreement]:
    after = ""
    while True:
        page = store.list("agreement", after=after)
        yield from (decode("agreement", document.body) for document in page.documents)
        if page.next_after is None:
            return
        after = page.next_after
