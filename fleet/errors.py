"""The error root of ``fleet``. Every error carries fields, so that the outside can say them in any language."""

from __future__ import annotations


class FleetError(Exception):
    """Root of every error that ``fleet`` raises on purpose."""


class IllegalTransition(FleetError):
    """A noun was asked to do what its present state does not allow."""

    def __init__(self, *, kind: str, id: str, state: str, action: str) -> None:
        super().__init__(f"{kind} {id} is {state}: {action} is not possible")
        self.kind = kind
        self.id = id
        self.state = state
        self.action = action


class InvalidFact(FleetError):
    """A field of a noun has a value that cannot be true (``field`` names it, ``remedy`` says what would be accepted)."""

    def __init__(self, *, kind: str, id: str, field: str, value: object, remedy: str) -> None:
        super().__init__(f"{kind} {id}: {field} = {value!r}; {remedy}")
        self.kind = kind
        self.id = id
        self.field = field
        self.value = value
        self.remedy = remedy


class NotFound(FleetError):
    """No document of that kind has that id."""

    def __init__(self, *, kind: str, id: str) -> None:
        super().__init__(f"no {kind} has the id {id}")
        self.kind = kind
        self.id = id


class StaleRevision(FleetError):
    """A document changed since the writer read it; nothing of the whole commit was applied."""

    def __init__(self, *, kind: str, id: str, expected: int, actual: int) -> None:
        super().__init__(f"{kind} {id}: written against version {expected}, the store holds {actual}")
        self.kind = kind
        self.id = id
        self.expected = expected
        self.actual = actual


class LeaseLost(FleetError):
    """The writer no longer leads the area: another worker does, or nobody; nothing of the commit was applied."""

    def __init__(self, *, name: str) -> None:
        super().__init__(f"the lead of area {name!r} is no longer held")
        self.name = name


class StoreUnavailable(FleetError):
    """The store or the ledger did not answer; whether a write was applied is unknown until a retry with the same key."""


class Unreconciled(StoreUnavailable):
    """The store's process is not the one that was compared with the ledger; it must be reconciled before it answers."""


class EventTrimmed(FleetError):
    """A commit with this key happened long ago: its event is no longer in the store, only in the ledger behind it."""

    def __init__(self, *, sequence: int) -> None:
        super().__init__(f"event {sequence} is only in the ledger")
        self.sequence = sequence


class LedgerDiverged(FleetError):
    """An event offered to the ledger is not the one it holds under that sequence, or does not follow its head."""

    def __init__(self, *, sequence: int, reason: str) -> None:
        super().__init__(f"event {sequence}: {reason}")
        self.sequence = sequence
        self.reason = reason


class LedgerBroken(FleetError):
    """The hash chain of the ledger does not hold; ``sequence`` is the first entry that fails."""

    def __init__(self, *, sequence: int, reason: str) -> None:
        super().__init__(f"ledger entry {sequence}: {reason}")
        self.sequence = sequence
        self.reason = reason
