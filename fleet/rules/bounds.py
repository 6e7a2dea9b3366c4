"""Ratio rules in whole numbers: ``10*nev > 3*replaced`` is exact where a percentage would round."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_FORM = re.compile(
    r"(?P<left>[1-9]\d*)\*(?P<left_name>[a-z_]+) (?P<op>>=|<=|>|<) (?P<right>[1-9]\d*)\*(?P<right_name>[a-z_]+)"
)


class Comparison(StrEnum):
    """How the two sides of a bound compare; the first two are floors, the last two caps."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    @property
    def is_floor(self) -> bool:
        return self in (Comparison.ABOVE, Comparison.AT_LEAST)

    @property
    def is_strict(self) -> bool:
        return self in (Comparison.ABOVE, Comparison.BELOW)


@dataclass(frozen=True, kw_only=True)
class Bound:
    """``left * x`` compared with ``right * y``, where ``x`` counts ``left_name`` and ``y`` counts ``right_name``.

    Both factors and both counts are whole numbers, so that nothing is ever rounded.
    """

    left: int
    left_name: str
    comparison: Comparison
    right: int
    right_name: str

    def __str__(self) -> str:
        return f"{self.left}*{self.left_name} {self.comparison} {self.right}*{self.right_name}"

    def holds(self, x: int, y: int) -> bool:
        """Return whether ``x`` of ``y`` keeps the bound.

        Raises
        ------
        ValueError
            If a count is negative.
        """
        if x < 0 or y < 0:
            raise ValueError(f"counts are not negative: {self.left_name} = {x}, {self.right_name} = {y}")
        a, b = self.left * x, self.right * y
        match self.comparison:
            case Comparison.ABOVE:
                return a > b
            case Comparison.AT_LEAST:
                return a >= b
            case Comparison.BELOW:
                return a < b
            case Comparison.AT_MOST:
                return a <= b

    def limit(self, y: int) -> int:
        """Return the least ``x`` that keeps a floor, or the greatest that keeps a cap (-1: not even 0 does)."""
        b = self.right * y
        match self.comparison:
            case Comparison.ABOVE:
                return b // self.left + 1
            case Comparison.AT_LEAST:
                return -(-b // self.left)
            case Comparison.BELOW:
                return -(-b // self.left) - 1
            case Comparison.AT_MOST:
                return b // self.left

    def is_at_least_as_strict_as(self, other: Bound) -> bool:
        """Return whether whatever keeps this bound for some ``y`` above 0 keeps ``other``, both floors or both caps."""
        if (self.left_name, self.right_name) != (other.left_name, other.right_name):
            return False
        if self.comparison.is_floor is not other.comparison.is_floor:
            return False
        mine, theirs = self.right * other.left, other.right * self.left
        if mine == theirs:
            return self.comparison.is_strict or not other.comparison.is_strict
        return mine > theirs if self.comparison.is_floor else mine < theirs


def parse_bound(text: str) -> Bound:
    """Read an integer form such as ``3*piles > 1*nev``.

    Raises
    ------
    ValueError
        If the text has another form.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an integer form such as '10*nev > 3*replaced'")
    return Bound(
        left=int(match["left"]),
        left_name=match["left_name"],
        comparison=Comparison(match["op"]),
        right=int(match["right"]),
        right_name=match["right_name"],
    )
