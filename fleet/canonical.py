"""The one text of a JSON value and of an event: what stores keep, the ledger hashes and two histories are compared by.

Canonical JSON here: UTF-8, object keys sorted by code point, no white space, no escapes beyond those that JSON demands,
no NaN or infinity. A verifier never has to reproduce it: it hashes the stored text.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, cast

import msgspec

from fleet.errors import InvalidFact
from fleet.store import Commit, Document, Event

_NAME_MAX = 300
_NAME = f"at most {_NAME_MAX} characters, none of them NUL"
"""What every database behind the ledger can hold in an indexed column: one that could not would block all that follows."""


def _is_name(text: str) -> bool:
    return len(text) <= _NAME_MAX and "\0" not in text


def canonical(value: Any) -> str:
    """Return the canonical text of a JSON value. Raises ``ValueError`` or ``TypeError`` for what JSON cannot say."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    text.encode()  # a lone surrogate is not text: UnicodeEncodeError is a ValueError
    return text


def parse(text: str | bytes) -> dict[str, Any]:
    """Return the object that a canonical text holds, a fresh one each time."""
    return cast("dict[str, Any]", msgspec.json.decode(text))


def checked_bodies(commit: Commit) -> tuple[str | None, ...]:
    """Return the canonical text of each write's body, None for a deletion.

    Raises
    ------
    InvalidFact
        If the commit cannot be meant: a document twice, an empty kind or id, a negative version, a deletion of what must
        not exist, an instant without zone, or a body that is not JSON.
    """

    def refuse(kind: str, id: str, field: str, value: object, remedy: str) -> InvalidFact:
        return InvalidFact(kind=kind, id=id, field=field, value=value, remedy=remedy)

    if not commit.type:
        raise refuse("commit", "", "type", commit.type, "name the fact in the past tense")
    if commit.at.tzinfo is None:
        raise refuse("commit", commit.key or "", "at", commit.at.isoformat(), "an instant with a UTC offset")
    if commit.key == "":
        raise refuse("commit", "", "key", "", "a text, or none at all")
    for field, text in (("type", commit.type), ("actor", commit.actor), ("region", commit.region), ("key", commit.key)):
        if text is not None and not _is_name(text):
            raise refuse("commit", commit.key or "", field, text, _NAME)
    seen: set[tuple[str, str]] = set()
    texts: list[str | None] = []
    for write in commit.writes:
        if not write.kind or not write.id or not write.kind.isidentifier():
            raise refuse(write.kind, write.id, "id", write.id, "a document has a kind (a plain word) and an id")
        if not _is_name(write.kind) or not _is_name(write.id):
            raise refuse(write.kind, write.id, "id", write.id, _NAME)
        if (write.kind, write.id) in seen:
            raise refuse(write.kind, write.id, "writes", write.id, "each document once in a commit")
        seen.add((write.kind, write.id))
        if write.expected_version < (1 if write.body is None else 0):
            remedy = "0 for a new document, else the version that was read; only what exists can be deleted"
            raise refuse(write.kind, write.id, "expected_version", write.expected_version, remedy)
        try:
            texts.append(None if write.body is None else canonical(write.body))
        except (TypeError, ValueError) as error:
            raise refuse(write.kind, write.id, "body", str(error), "a JSON object") from error
    try:
        canonical(
            [commit.data, commit.type, commit.actor, commit.region, commit.key, *(list(pair) for pair in sorted(seen))]
        )
    except (TypeError, ValueError) as error:
        raise refuse("commit", commit.key or "", "data", str(error), "a JSON object") from error
    return tuple(texts)


def content_text(commit: Commit, bodies: tuple[str | None, ...]) -> str:
    """Return the canonical text of the event that a commit will become, all but its sequence."""
    documents = ",".join(
        f'{{"body":{body if body is not None else "{}"},"id":{canonical(write.id)},"kind":{canonical(write.kind)},'
        f'"version":{write.expected_version + 1 if body is not None else 0}}}'
        for write, body in zip(commit.writes, bodies, strict=True)
    )
    return (
        f'{{"actor":{canonical(commit.actor)},"at":{canonical(commit.at.isoformat())},"data":{canonical(commit.data)},'
        f'"documents":[{documents}],"key":{canonical(commit.key)},"region":{canonical(commit.region)},'
        f'"type":{canonical(commit.type)}}}'
    )


def event_content(event: Event) -> str:
    """Return the canonical text of an event, all but its sequence."""
    return canonical(
        {
            "actor": event.actor,
            "at": event.at.isoformat(),
            "data": event.data,
            "documents": [
                {"body": document.body, "id": document.id, "kind": document.kind, "version": document.version}
                for document in event.documents
            ],
            "key": event.key,
            "region": event.region,
            "type": event.type,
        }
    )


def parse_event(sequence: int, content: str | bytes) -> Event:
    """Return the event of this sequence and content."""
    fields = parse(content)
    return Event(
        sequence=sequence,
        type=fields["type"],
        actor=fields["actor"],
        at=datetime.fromisoformat(fields["at"]),
        region=fields["region"],
        key=fields["key"],
        data=fields["data"],
        documents=tuple(
            Document(kind=item["kind"], id=item["id"], version=item["version"], body=item["body"])
            for item in fields["documents"]
        ),
    )
