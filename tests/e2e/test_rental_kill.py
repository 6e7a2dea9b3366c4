"""A small day of rentals with kill -9 of Redis meanwhile: nothing is lost, doubled or out of balance.

The full day with thirty kills of Redis and of the server is ``python -m tests.benchmarks.rental_day --kills 30``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.rental_day import Size, run


@pytest.mark.slow
def test_a_day_of_rentals_survives_kills(tmp_path: Path) -> None:
    size = Size(districts=2, points=4, cars=24, bookings=60, walk_up_frac=0.2, seed=3)
    said: list[str] = []
    outcome, figures = run(
        tmp_path / "var", size, rate_per_s=200.0, clients=4, rush=30, kills=4, server_frac=0.0, say=said.append
    )
    assert len(outcome.held) > 20
    assert figures["settled"] == len(outcome.settled) > 0
    assert outcome.repeats > 0
