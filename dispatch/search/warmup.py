"""Compiling the kernels before the first user waits for them."""

from __future__ import annotations

import time

import numpy as np

from dispatch.search.engine import Engine
from dispatch.search.model import NodeRow, RequestRow, SlotRow, build


def compile_kernels() -> float:
    """Run a tiny model, so that every kernel is compiled or loaded from the cache; return the seconds it took."""
    began = time.monotonic()
    drive = np.array([[[0.0, 10.0, 0.0], [10.0, 0.0, 0.0], [1e18, 1e15, 0.0]]])
    request = RequestRow(
        nodes=(NodeRow(loc=0, early=0.0, late=50.0, service=1.0), NodeRow(loc=1, early=0.0, late=90.0, service=1.0)),
        load=(1.0,), block=False, penalty=1000.0, price=np.zeros(1),
    )  # fmt: skip
    depot = NodeRow(loc=0, early=0.0, late=100.0, service=0.0)
    slot = SlotRow(vehicle=0, kind=0, start=depot, end=depot, gear=0, capacity=(4.0,), compat=0)
    engine = Engine(
        build(requests=[request], slots=[slot], drive=drive, price=drive, energy=np.zeros_like(drive)),
        seed=0,
        threads=1,
    )
    engine.step(2, 1.0, 0.5, None)
    engine.lay_out(0)
    engine.offer(0)
    engine.variants(np.array([-1]), engine.best.b_seq[:1], engine.best.b_length[:1])
    return time.monotonic() - began
