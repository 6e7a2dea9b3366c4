"""The errors that arise at the outside itself, and what is wrong with single fields."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from api.wording import Language, Text
from fleet.rules.refusals import Refusal


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """One thing wrong with the input. ``field`` is a path such as ``stops[0].lon_wgs84``.

    In a file ``field`` is the column, ``sheet`` and ``row`` say where; the row is the one that the spreadsheet shows.
    """

    field: str
    message: Text
    remedy: Text
    value: object = None
    row: int | None = None
    sheet: str | None = None

    def to_json(self, language: Language) -> dict[str, object]:
        entry: dict[str, object] = {"field": self.field}
        if self.sheet is not None:
            entry |= {"sheet": self.sheet, "row": self.row, "column": self.field}
        elif self.row is not None:
            entry["row"] = self.row
        entry["value"] = presentable(self.value)
        entry["message"] = self.message.say(language)
        entry["remedy"] = self.remedy.say(language)
        return entry


class ApiError(Exception):
    """Root of the errors that arise at the outside itself."""


class NotSignedIn(ApiError):
    """No session, or one that ended."""


class WrongPassword(ApiError):
    """Login or password is wrong; which of them is not said."""


class TooManyAttempts(ApiError):
    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(f"retry after {retry_after_s} s")
        self.retry_after_s = retry_after_s


class Forbidden(ApiError):
    """The caller's roles do not include this; ``needs`` lists those that do."""

    def __init__(self, *, needs: Sequence[str]) -> None:
        super().__init__(", ".join(needs))
        self.needs = tuple(needs)


class OutsideRegion(ApiError):
    """The caller may not write for that region."""

    def __init__(self, *, region: str) -> None:
        super().__init__(region)
        self.region = region


class InvalidInput(ApiError):
    """The request's content is wrong; every finding is listed and nothing was changed."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message.en}" for error in errors))
        self.errors = tuple(errors)


class MalformedBody(ApiError):
    """The body is not JSON."""

    def __init__(self, *, position: int, reason: str) -> None:
        super().__init__(f"at {position}: {reason}")
        self.position = position
        self.reason = reason


class NotUtf8(ApiError):
    def __init__(self, *, position: int) -> None:
        super().__init__(f"byte {position}")
        self.position = position


class BodyTooLarge(ApiError):
    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(f"at most {limit_bytes} bytes")
        self.limit_bytes = limit_bytes


class AlreadyExists(ApiError):
    def __init__(self, *, kind: str, id: str) -> None:
        super().__init__(f"{kind} {id}")
        self.kind = kind
        self.id = id


class StaleMatch(ApiError):
    """``If-Match`` names another version than the one that is stored."""

    def __init__(self, *, kind: str, id: str, expected: str, actual: int) -> None:
        super().__init__(f"{kind} {id}: {expected} is not {actual}")
        self.kind = kind
        self.id = id
        self.expected = expected
        self.actual = actual


class KeyReused(ApiError):
    """The same ``Idempotency-Key`` came with another body or for another address."""


class KeyUnusable(ApiError):
    """The ``Idempotency-Key`` is empty, too long or not printable ASCII."""


class NoSuchPosition(ApiError):
    """A stream was asked to resume after something that it never gave out."""

    def __init__(self, *, given: str, head: int) -> None:
        super().__init__(f"{given[:40]!r} is not a whole number from 0 to {head}")
        self.given = given
        self.head = head


class StillStarting(ApiError):
    """The server does not have what this needs yet; ``waiting_for`` names it."""

    def __init__(self, *, waiting_for: Text) -> None:
        super().__init__(waiting_for.en)
        self.waiting_for = waiting_for


class CannotServe(ApiError):
    """The chosen vehicle cannot serve the request; ``reasons`` say why."""

    def __init__(self, *, id: str, reasons: Sequence[Text]) -> None:
        super().__init__(f"{id}: {'; '.join(reason.en for reason in reasons)}")
        self.id = id
        self.reasons = tuple(reasons)


class WouldDisturb(ApiError):
    """The choice would take other trips from the vehicle, and the caller did not say that it may."""

    def __init__(self, *, id: str, request_ids: Sequence[str]) -> None:
        super().__init__(f"{id}: {', '.join(request_ids)}")
        self.id = id
        self.request_ids = tuple(request_ids)


class RuleRefused(ApiError):
    """Rules forbid it; each refusal names its rule, and nothing was changed."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(f"{own.rule_id}: {own.message_en}" for own in refusals))
        self.refusals = tuple(refusals)


class QueueFull(ApiError):
    """More jobs wait than the server takes on."""


def presentable(value: object) -> object:
    """Return ``value`` in a form that is safe to send back: JSON, short, finite."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        text = value.encode("utf-8", "backslashreplace").decode("utf-8")
        return text if len(text) <= 200 else text[:200] + "…"
    if isinstance(value, list | tuple) and len(value) <= 8:
        return [presentable(entry) for entry in value]
    text = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= 200 else text[:200] + "…"
