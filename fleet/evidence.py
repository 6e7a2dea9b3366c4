"""One trip's file: everything that happened to a request, to its assignments and to what carried them, as proof.

The entries come from the ledger with their hashes, so that a reader can prove each one against the chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fleet.errors import NotFound
from fleet.ids import AssignmentId, RequestId
from fleet.ledger import Entry, Head, Ledger
from fleet.store import Document


@dataclass(frozen=True, kw_only=True)
class TripFile:
    """A request's whole story, in the order of events.

    ``entries`` are the events that wrote the request or one of its assignments; ``head`` is the ledger's end when the file
    was made. An entry may have written further documents, those of other trips too: :meth:`documents` picks this trip's.
    """

    request_id: RequestId
    assignment_ids: tuple[AssignmentId, ...]
    entries: tuple[Entry, ...]
    head: Head

    def documents(self, entry: Entry) -> tuple[Document, ...]:
        """Return what an entry wrote of this trip: the request, its assignments."""
        mine = {("request", str(self.request_id)), *(("assignment", str(id)) for id in self.assignment_ids)}
        return tuple(one for one in entry.event.documents if (one.kind, one.id) in mine)

    def latest(self) -> tuple[Document, ...]:
        """Return the last state of the request and of each assignment; a deleted one has version 0."""
        last = {(one.kind, one.id): one for entry in self.entries for one in self.documents(entry)}
        return tuple(last[key] for key in sorted(last))


def trip_file(ledger: Ledger, request_id: RequestId, *, assignments: Iterable[AssignmentId] = ()) -> TripFile:
    """Gather a trip's file.

    Assignments are found in the events that also wrote the request; ``assignments`` names those known from elsewhere, such
    as the store's index ``assignment.request_id``.

    Raises
    ------
    NotFound
        If the ledger knows no such request.
    """
    head = ledger.head()
    own = ledger.touching("request", [request_id])
    if not own:
        raise NotFound(kind="request", id=request_id)
    ids = tuple(sorted({*assignments, *(id for entry in own for id in _assignments_of(request_id, entry))}))
    entries = {entry.event.sequence: entry for entry in (*own, *ledger.touching("assignment", ids))}
    return TripFile(
        request_id=request_id,
        assignment_ids=ids,
        entries=tuple(entries[sequence] for sequence in sorted(entries)),
        head=head,
    )


def _assignments_of(request_id: RequestId, entry: Entry) -> Iterator[AssignmentId]:
    for document in entry.event.documents:
        if document.kind == "assignment" and document.body.get("request_id") == request_id:
            yield AssignmentId(document.id)
