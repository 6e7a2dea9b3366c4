"""The port to the locks of rental cars, and the simulated lock that stands in for a vendor's.

A vendor's adapter implements :class:`LockPort` over its own interface: ``allow`` hands the token's digest and its end to
the car (or to the vendor's platform), ``open`` is what the renter's phone asks for. The order of events is fixed: the
service commits the use first and allows the token then, so that no door opens for an order that does not stand; a door
that does not answer is asked again with the same token until it ends.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from datetime import datetime
from typing import Protocol

from fleet.ids import RentalId, VehicleId


class LockPort(Protocol):
    """What the service asks of a car's lock; safe to call from several threads."""

    def allow(self, vehicle_id: VehicleId, token_digest: str, *, until_at: datetime) -> None:
        """From now on the token with this SHA-256 opens the car; earlier tokens do not."""

    def open(self, vehicle_id: VehicleId, token: str, *, at: datetime) -> bool:
        """Open the doors; False when the token is not the one allowed, or has ended."""

    def revoke(self, vehicle_id: VehicleId) -> None:
        """No token opens the car any more: it is returned."""


class SimulatedLock:
    """A lock in memory: keeps the digest, compares in constant time."""

    def __init__(self) -> None:
        self._allowed: dict[VehicleId, tuple[str, datetime]] = {}
        self._lock = threading.Lock()

    def allow(self, vehicle_id: VehicleId, token_digest: str, *, until_at: datetime) -> None:
        with self._lock:
            self._allowed[vehicle_id] = (token_digest, until_at)

    def open(self, vehicle_id: VehicleId, token: str, *, at: datetime) -> bool:
        with self._lock:
            digest, until_at = self._allowed.get(vehicle_id, ("", at))
        return at < until_at and hmac.compare_digest(digest, digest_of(token))

    def revoke(self, vehicle_id: VehicleId) -> None:
        with self._lock:
            self._allowed.pop(vehicle_id, None)


def make_token(secret: bytes, *, rental_id: RentalId, vehicle_id: VehicleId, issued_at: datetime) -> str:
    """The token of one use of one car: worked out from the server's secret, so that it is kept nowhere."""
    text = "\x00".join(("unlock", rental_id, vehicle_id, issued_at.isoformat()))
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
