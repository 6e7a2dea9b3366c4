"""Local accounts: passwords, sessions and the brake on guessing.

A session token is 32 random bytes; the store keeps only its SHA-256, so that neither a copy of the store nor of the ledger
lets anyone in. Passwords are argon2id texts. Failed sign-ins are counted in this process per login at one address, per
address, and per login from everywhere: guessing is slowed down, but nobody elsewhere can lock an owner out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from api.problems import NotSignedIn, TooManyAttempts, WrongPassword
from fleet import documents
from fleet.errors import StoreUnavailable
from fleet.people import Person
from fleet.store import Commit, Document, FleetStore, Write

FREE_ATTEMPTS = 5
"""Failed sign-ins in a row with one login from one address before the brake sets in."""

FREE_ATTEMPTS_OF_ADDRESS = 100
"""The same for one address, behind which a whole office may sit."""

FREE_ATTEMPTS_OF_LOGIN = 100
"""The same for one login from all addresses together; it never holds where that login was signed in before."""

LONGEST_WAIT_S = 900
LONGEST_WAIT_OF_LOGIN_S = 60
"""Short, since this wait also meets an owner at a new address; 1,440 guesses a day stay hopeless."""

FORGOTTEN_AFTER = timedelta(days=1)
_REMEMBERED = 10_000


@dataclass(frozen=True, kw_only=True)
class _Brake:
    free: int
    longest_s: int


_BRAKES = {
    "pair": _Brake(free=FREE_ATTEMPTS, longest_s=LONGEST_WAIT_S),
    "address": _Brake(free=FREE_ATTEMPTS_OF_ADDRESS, longest_s=LONGEST_WAIT_S),
    "login": _Brake(free=FREE_ATTEMPTS_OF_LOGIN, longest_s=LONGEST_WAIT_OF_LOGIN_S),
}


@dataclass(frozen=True, kw_only=True)
class Session:
    token: str
    expires_at: datetime
    person: Person


def make_hasher(memory_kib: int) -> PasswordHasher:
    """Return argon2id with three passes (RFC 9106, second recommended option at 64 MiB, one lane)."""
    return PasswordHasher(time_cost=3, memory_cost=memory_kib, parallelism=1)


def token_id(token: str) -> str:
    """Return the id under which a token's session is kept."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Throttle:
    """Counts failures; after the free ones each doubles the wait, up to the longest of its kind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: OrderedDict[tuple[str, str, str], tuple[int, datetime]] = OrderedDict()
        self._familiar: OrderedDict[tuple[str, str], None] = OrderedDict()

    def check(self, login: str, address: str, now: datetime) -> None:
        """Raise :class:`TooManyAttempts` while this login has to wait at this address."""
        with self._lock:
            names = _names(login, address)
            if (login, address) in self._familiar:
                names = [name for name in names if name[0] != "login"]
            waits = [
                (until - now).total_seconds()
                for name in names
                if (entry := self._failures.get(name)) is not None and (until := _until(name[0], *entry)) > now
            ]
        if waits:
            raise TooManyAttempts(retry_after_s=math.ceil(max(waits)))

    def failed(self, login: str, address: str, now: datetime) -> None:
        with self._lock:
            for name in _names(login, address):
                count, last_at = self._failures.pop(name, (0, now))
                self._failures[name] = (1 if now - last_at > FORGOTTEN_AFTER else count + 1, now)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        """Forget the failures of this login at this address, and know the address from now on.

        Those from everywhere still count: an owner's sign-in is no new allowance for others.
        """
        with self._lock:
            self._failures.pop(("pair", login, address), None)
            self._familiar.pop((login, address), None)
            self._familiar[login, address] = None
            while len(self._familiar) > _REMEMBERED:
                self._familiar.popitem(last=False)


def _names(login: str, address: str) -> list[tuple[str, str, str]]:
    return [("pair", login, address), ("address", "", address), ("login", login, "")]


def _until(kind: str, count: int, last_at: datetime) -> datetime:
    brake = _BRAKES[kind]
    if count < brake.free:
        return last_at
    return last_at + timedelta(seconds=min(brake.longest_s, 2 ** min(count - brake.free, 20)))


class Accounts:
    """Sign-in and sign-out over a store.

    ``secret`` keys the tokens of repeated sign-ins with one ``Idempotency-Key``: the same request gets the same token
    without the token being kept anywhere.
    """

    def __init__(
        self,
        store: FleetStore,
        *,
        clock: Callable[[], datetime],
        secret: bytes,
        session_hours: float,
        argon2_memory_kib: int,
        random_bytes: Callable[[int], bytes],
        throttle: Throttle,
    ) -> None:
        self._store = store
        self._clock = clock
        self._secret = secret
        self._lifetime = timedelta(hours=session_hours)
        self._hasher = make_hasher(argon2_memory_kib)
        self._random_bytes = random_bytes
        self._throttle = throttle
        self._decoy = self._hasher.hash(base64.b64encode(random_bytes(18)).decode())

    def find_login(self, login: str) -> Person | None:
        for document in self._store.list("person", where=("login", login), limit=2).documents:
            person: Person = documents.decode("person", document.body)
            return person
        return None

    def is_password(self, person: Person, password: str) -> bool:
        """Tell whether this is the person's password; guesses count as failed sign-ins."""
        # Counted under the session's own place: whoever found an open session cannot lock the sign-in.
        place = f"session of {person.id}"
        self._throttle.check(person.login, place, self._clock())
        try:
            self._hasher.verify(person.password_hash, password)
        except (VerificationError, InvalidHashError):
            self._throttle.failed(person.login, place, self._clock())
            return False
        self._throttle.succeeded(person.login, place)
        return True

    def sign_in(self, login: str, password: str, *, address: str, repeat_key: str | None = None) -> Session:
        """Open a session.

        Raises
        ------
        WrongPassword
            If no active account has that login and password; an unknown login takes as long as a wrong password.
        TooManyAttempts
            If this login at this address, the address, or the login from everywhere failed too often lately.
        """
        now = self._clock()
        self._throttle.check(login, address, now)
        person = self.find_login(login)
        usable = person is not None and person.active and bool(person.password_hash)
        hashed = person.password_hash if person is not None and usable else self._decoy
        try:
            self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            usable = False
        if person is None or not usable:
            self._throttle.failed(login, address, now)
            raise WrongPassword
        self._throttle.succeeded(login, address)
        token = self._token(person, password, repeat_key)
        found = self._find_session(token)
        if found is not None and repeat_key is not None:
            expires_at = datetime.fromisoformat(str(found.body["expires_at"]))
            if expires_at > now:
                return Session(token=token, expires_at=expires_at, person=person)
        expires_at = now + self._lifetime
        self._store.commit(
            Commit(
                type="session.opened",
                actor=person.id,
                at=now,
                region=person.region,
                writes=[
                    Write(
                        kind="session",
                        id=token_id(token),
                        expected_version=found.version if found is not None else 0,
                        body={
                            "id": token_id(token),
                            "person_id": person.id,
                            "opened_at": now.isoformat(),
                            "expires_at": expires_at.isoformat(),
                        },
                    )
                ],
            )
        )
        return Session(token=token, expires_at=expires_at, person=person)

    def person_of(self, token: str) -> Person:
        """Return who a token belongs to; raises :class:`NotSignedIn`."""
        session = self._find_session(token)
        if session is None or datetime.fromisoformat(str(session.body["expires_at"])) <= self._clock():
            raise NotSignedIn
        document = self._store.find("person", str(session.body["person_id"]))
        if document is None:
            raise NotSignedIn
        person: Person = documents.decode("person", document.body)
        if not person.active:
            raise NotSignedIn
        return person

    def is_signed_in(self, token: str) -> bool:
        """Tell whether a session still holds; while the store does not answer, it does."""
        try:
            self.person_of(token)
        except NotSignedIn:
            return False
        except StoreUnavailable:
            return True
        return True

    def sign_out(self, token: str) -> None:
        """End the session; nothing happens when there is none."""
        session = self._find_session(token)
        if session is None:
            return
        person_id = str(session.body["person_id"])
        self._store.commit(
            Commit(
                type="session.closed",
                actor=person_id,
                at=self._clock(),
                writes=[Write(kind="session", id=session.id, expected_version=session.version, body=None)],
            )
        )

    def _find_session(self, token: str) -> Document | None:
        return self._store.find("session", token_id(token))

    def _token(self, person: Person, password: str, repeat_key: str | None) -> str:
        if repeat_key is None:
            raw = self._random_bytes(32)
        else:
            text = "\x00".join((person.id, password, person.password_hash, repeat_key))
            raw = hmac.new(self._secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
