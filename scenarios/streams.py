"""Named random streams: a draw is a function of seed, stream and key, not of what was drawn before.

Two fleets that are compared meet the same no-shows, the same traffic and the same faults, however differently their vehicles
are dispatched (common random numbers), and one more kind of disturbance leaves all others as they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from math import exp
from random import Random
from statistics import NormalDist

_STANDARD = NormalDist()
_SCALE = 2.0**-53


@dataclass(frozen=True, kw_only=True)
class Streams:
    """The streams of one run, told apart by ``seed``."""

    seed: int

    def uniform(self, stream: str, *key: str) -> float:
        """Draw evenly from the open interval 0..1, as a function of the arguments alone."""
        text = "\x1f".join((str(self.seed), stream, *key))
        number = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 11
        return (number + 0.5) * _SCALE

    def normal(self, stream: str, *key: str) -> float:
        """Draw from the standard normal distribution."""
        return _STANDARD.inv_cdf(self.uniform(stream, *key))

    def factor(self, stream: str, sigma: float, *key: str) -> float:
        """Draw a log-normal factor of mean 1; ``sigma`` is the standard deviation of its logarithm."""
        return 1.0 if sigma == 0 else exp(sigma * self.normal(stream, *key) - sigma * sigma / 2)

    def happens(self, frac: float, stream: str, *key: str) -> bool:
        """Return whether something of probability ``frac`` happens."""
        return frac > 0 and self.uniform(stream, *key) < frac

    def generator(self, stream: str, *key: str) -> Random:
        """Return a generator for a sequence of draws that belong together."""
        return Random("/".join((str(self.seed), stream, *key)))
