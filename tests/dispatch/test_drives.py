"""Drives by area are the drives of the full table; what is wrong in them is named."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from dispatch.drives import LEG_FIELDS, UNREACHABLE, AreaLegs, whole
from dispatch.errors import InvalidProblem
from tests.benchmarks.scale_fleet import make_day, make_network


def network() -> AreaLegs:
    return make_network(np.random.default_rng(1), 3, 5)[0]


def test_a_pair_is_looked_up_like_an_array_of_pairs() -> None:
    legs = network()
    full = whole(legs)
    for name in LEG_FIELDS:
        field, table = getattr(legs, name), getattr(full, name)
        assert field.shape == table.shape == (15, 15)
        for a, b in product(range(15), repeat=2):
            assert field[a, b] == table[a, b]
    assert (np.diagonal(full.drive_s) == 0).all()


def test_a_drive_between_areas_goes_through_both_gates() -> None:
    legs = network()
    expected = legs.inside[0].drive_m[3, 0] + legs.gates.drive_m[0, 2] + legs.inside[2].drive_m[0, 4]
    assert legs.drive_m[3, 14] == expected


def test_a_cut_keeps_the_order_asked_for() -> None:
    legs = network()
    rows = np.array([14, 2, 7])
    cut = legs.cut(rows)
    assert (cut.drive_s == whole(legs).drive_s[np.ix_(rows, rows)]).all()
    assert (cut.cut(np.array([2, 0])).drive_s == whole(legs).drive_s[np.ix_(rows[[2, 0]], rows[[2, 0]])]).all()


@pytest.mark.parametrize("side", ["gates", "to_gate", "from_gate"])
def test_what_cannot_be_reached_is_so_in_all_fields(side: str) -> None:
    legs = network()
    if side == "gates":
        cut_off = {}
        for name in LEG_FIELDS:
            cut_off[name] = getattr(legs.gates, name).copy()
            cut_off[name][0, 2] = UNREACHABLE
        legs = replace(legs, gates=replace(legs.gates, **cut_off))
    else:
        table = {name: values.copy() for name, values in getattr(legs, side).items()}
        for values in table.values():
            values[3 if side == "to_gate" else 14] = UNREACHABLE
        legs = replace(legs, **{side: table})
    assert {getattr(legs, name)[3, 14] for name in LEG_FIELDS} == {UNREACHABLE}
    assert {int(getattr(whole(legs), name)[3, 14]) for name in LEG_FIELDS} == {UNREACHABLE}
    assert legs.drive_s[3, 4] > 0


def test_every_table_counts_in_the_fingerprint() -> None:
    legs = network()
    moved = legs.to_gate["drive_s"].copy()
    moved[1] += 1
    other = replace(legs, to_gate={**legs.to_gate, "drive_s": moved})
    assert legs.fingerprint() == network().fingerprint()
    assert other.fingerprint() != legs.fingerprint()


BROKEN = {
    "legs[0].row[4]": lambda legs: replace(legs, row=np.where(np.arange(len(legs.row)) == 4, 400, legs.row)),
    "legs[0].area": lambda legs: replace(legs, area=legs.area + 1),
    "legs[0].gates": lambda legs: replace(legs, inside=legs.inside[:1]),
    "legs[0].inside[1].drive_m[0, 1]": lambda legs: replace(
        legs,
        inside=(legs.inside[0], replace(legs.inside[1], drive_m=np.where(np.eye(40, k=1), -7, 1)), *legs.inside[2:]),
    ),
    "legs[0].to_gate.drive_m": lambda legs: replace(legs, to_gate={**legs.to_gate, "drive_m": legs.area - 9}),
    "legs[0].from_gate.toll_fen": lambda legs: replace(legs, from_gate={**legs.from_gate, "toll_fen": legs.area[:3]}),
}


@pytest.mark.parametrize("field", list(BROKEN))
def test_the_field_is_named(field: str) -> None:
    day = make_day(requests=10, vehicles=3, areas=2)
    with pytest.raises(InvalidProblem) as caught:
        replace(day, legs=(BROKEN[field](day.legs[0]),))
    assert caught.value.field == field
