"""The morning of a bad day, played over real HTTP: what must hold, holds, and the same seed gives the same day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.drill.day import Day, Mishaps
from api.drill.people import People
from api.drill.report import report_on
from api.drill.server import serve_drill

DAY = date(2026, 3, 3)


def play(folder: Path, seed: int) -> dict[str, Any]:
    with serve_drill(seed=seed, day=DAY, vehicles=59, requests=80, var_dir=folder, iterations=200) as running:
        people = People(running.url, running.access.password)
        admin = next(each.login for each in running.access.accounts if "admin" in each.roles)
        day = Day(
            people,
            day=DAY,
            seed=seed,
            admin=admin,
            mishaps=Mishaps(),
            step=timedelta(minutes=15),
            ends=timedelta(hours=9, minutes=30),
        )
        day.play()
        report = report_on(day, running.store)
        people.close()
    return report


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_bad_morning_keeps_what_was_promised_and_repeats_by_its_seed(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    report = play(tmp_path / "one", seed=1)
    assert report["faults"] == []
    assert report["played"]["taps"] > 60
    assert report["promises"]["met"] > 5
    (tmp_path / "two").mkdir()
    assert play(tmp_path / "two", seed=1)["digest"] == report["digest"]
