"""Demand drawn from the past: whole days, of the same kind and season, moved to the day that is simulated."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from fleet.documents import encode
from fleet.ids import RequestId
from fleet.memory_store import MemoryStore
from fleet.requests import RequestState
from fleet.store import Commit, Write
from scenarios.demand import DemandMix
from scenarios.errors import InvalidScenario
from scenarios.history import COLUMNS, history_of, history_of_events, read_history, season_of
from scenarios.region import build_ground
from scenarios.streams import Streams
from scenarios.workdays import day_kind


@pytest.fixture(scope="module")
def past():
    ground = build_ground(1, vehicles=8, sites=2, within=("510900",))
    requests = []
    for number in range(28):
        day = date(2025, 3, 3) + timedelta(days=number)
        count = 12 if day.weekday() < 5 else 2
        requests += ground.ask(
            day=day, count=count, mix=DemandMix(), rng=Streams(seed=1).generator("past", str(number))
        )
    return requests


def test_days_are_drawn_whole_and_alike(past):
    history = history_of(past)
    assert len(history.days) == 28
    drawn = history.draw(date(2025, 4, 10), Streams(seed=4))
    assert len(drawn) == 12
    for request in drawn:
        assert request.id.startswith("R-20250410-")
        assert request.state is RequestState.APPROVED
        assert request.stops[0].earliest_at.date() == date(2025, 4, 10)
        assert request.decided_at is not None
        assert request.decided_at <= request.stops[0].earliest_at
    assert all(day.weekday() == 3 for day in history.candidates(date(2025, 4, 10)))
    assert all(day_kind(day) == "weekend" for day in history.candidates(date(2025, 4, 12)))
    assert len(history.draw(date(2025, 4, 12), Streams(seed=4))) == 2


def test_the_same_seed_draws_the_same_day_and_many_days_are_drawn(past):
    history = history_of(past)
    assert history.draw(date(2025, 4, 10), Streams(seed=4)) == history.draw(date(2025, 4, 10), Streams(seed=4))
    sizes = {history.draw(date(2025, 4, 10), Streams(seed=seed))[0].purpose for seed in range(12)}
    assert len(sizes) > 1


def test_holidays_without_a_past_fall_back_and_no_past_gives_nothing(past):
    history = history_of(past)
    assert history.draw(date(2025, 10, 1), Streams(seed=1))
    assert history_of([]).draw(date(2025, 10, 1), Streams(seed=1)) == ()
    assert [season_of(date(2025, month, 1)) for month in (1, 3, 6, 9, 12)] == [3, 0, 1, 2, 3]


def test_the_ledger_tells_the_last_state_of_every_request(past):
    store = MemoryStore()
    for version, request in enumerate(past[:2]):
        write = Write(kind="request", id=request.id, expected_version=0, body=encode(request))
        store.commit(Commit(type="t", actor="a", at=request.submitted_at, writes=[write]))
        assert version < 2
    history = history_of_events(store.events())
    assert sum(len(requests) for requests in history.days.values()) == 2


HEADS = [name.rstrip("*") for name in COLUMNS]
ROW = (
    "U-1,510900,开会,2,transfer,ordinary,是,2025-03-03 17:00,甲,105.57,30.51,乙,105.60,30.60,"
    "2025-03-04 08:30,2025-03-04 08:50,2025-03-04 10:00"
)


def test_a_csv_of_ones_own(tmp_path):
    path = tmp_path / "past.csv"
    path.write_text(",".join(HEADS) + "\n" + ROW + "\n", "utf-8")
    (requests,) = read_history(path).days.values()
    assert requests[0].id == RequestId("H-2")
    assert requests[0].shareable
    assert requests[0].stops[0].earliest_at.isoformat() == "2025-03-04T08:30:00+08:00"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("a,b\n1,2\n", "columns"),
        (",".join(HEADS) + "\n" + ROW.replace("2025-03-04 08:30", "morgen") + "\n", "row 2: earliest_at"),
        (",".join(HEADS) + "\n" + ROW.replace("105.57", "east") + "\n", "row 2: from_lon_wgs84"),
        (",".join(HEADS) + "\n" + ROW.replace(",2,transfer", ",0,transfer") + "\n", "row 2: passengers"),
        (",".join(HEADS) + "\n" + ROW.replace("ordinary", "vip") + "\n", "row 2: priority"),
    ],
)
def test_what_cannot_be_read_names_row_and_column(tmp_path, text, field):
    path = tmp_path / "past.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidScenario) as caught:
        read_history(path)
    assert caught.value.field == field


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(InvalidScenario, match=r"\.xlsx or \.csv"):
        read_history(tmp_path / "none.csv")
