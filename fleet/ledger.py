"""The ledger: every event, for good, each entry chained to the one before it.

How to check it without this program: read the table ``ledger`` in order of ``sequence``, which counts 1, 2, 3 ... without
gaps. ``hash`` is the lower-case hex of SHA-256 over the UTF-8 bytes of ``prev_hash``, a line feed, the decimal
``sequence``, a line feed, and ``body`` exactly as stored. ``prev_hash`` is the ``hash`` of the entry before, 64 zeros for
the first. ``ledger_head`` holds the last sequence and its hash, so that entries cut off at the end are noticed. Who can
write to the database could forge all of it anew: note down a head (``chuanyu ledger verify`` prints it) somewhere else
from time to time, and verify against that.

The columns beside ``body`` repeat parts of it for queries; ``verify`` proves that they agree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from fleet.canonical import event_content, parse_event
from fleet.errors import LedgerBroken, LedgerDiverged, StoreUnavailable
from fleet.store import Event

GENESIS = "0" * 64
_BATCH = 500
_BUSY_S = 15

_METADATA = sa.MetaData()
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")

LEDGER = sa.Table(
    "ledger",
    _METADATA,
    sa.Column("sequence", _SEQUENCE, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False, index=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("prev_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
)

LEDGER_DOCUMENTS = sa.Table(
    "ledger_documents",
    _METADATA,
    sa.Column("sequence", _SEQUENCE, sa.ForeignKey("ledger.sequence"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ledger_documents_by_id", "kind", "id", "sequence"),
)

LEDGER_HEAD = sa.Table(
    "ledger_head",
    _METADATA,
    sa.Column("row_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sequence", _SEQUENCE, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.CheckConstraint("row_number = 1", name="one_row"),
)

_REFUSAL = "the ledger is append-only"


def _sqlite_triggers() -> Iterator[str]:
    for table in ("ledger", "ledger_documents"):
        for action in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER IF NOT EXISTS {table}_no_{action.lower()} BEFORE {action} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
    # INSERT OR REPLACE would delete without asking the trigger above.
    yield (
        "CREATE TRIGGER IF NOT EXISTS ledger_no_replace BEFORE INSERT ON ledger "
        "WHEN NEW.sequence <= (SELECT max(sequence) FROM ledger) "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    )
    yield (
        "CREATE TRIGGER IF NOT EXISTS ledger_head_forward BEFORE UPDATE ON ledger_head "
        f"WHEN NEW.sequence <= OLD.sequence BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    )
    yield (
        "CREATE TRIGGER IF NOT EXISTS ledger_head_no_delete BEFORE DELETE ON ledger_head "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    )


def _postgresql_triggers() -> Iterator[str]:
    yield (
        "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    for table in ("ledger", "ledger_documents"):
        yield (
            f"CREATE OR REPLACE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        )
    yield (
        "CREATE OR REPLACE TRIGGER ledger_head_forward BEFORE UPDATE ON ledger_head FOR EACH ROW "
        "WHEN (NEW.sequence <= OLD.sequence) EXECUTE FUNCTION ledger_refuse()"
    )
    yield (
        "CREATE OR REPLACE TRIGGER ledger_head_no_delete BEFORE DELETE OR TRUNCATE ON ledger_head "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
    )


@dataclass(frozen=True, kw_only=True)
class Head:
    """The end of the chain; sequence 0 and 64 zeros when it is empty."""

    sequence: int
    hash: str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An event with its place in the chain."""

    event: Event
    prev_hash: str
    hash: str


def chain_hash(prev_hash: str, sequence: int, body: str) -> str:
    """Return the hash of an entry, as the head of this module defines it."""
    return hashlib.sha256(f"{prev_hash}\n{sequence}\n{body}".encode()).hexdigest()


class Ledger:
    """The append-only archive at a database address, such as ``sqlite:////data/ledger.sqlite`` or ``postgresql+psycopg://``.

    Safe for threads and processes. Its tables are made where they are missing.

    Raises
    ------
    StoreUnavailable
        From every method, if the database does not answer or refuses.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        try:
            self._prepare()
        except StoreUnavailable:
            self._engine.dispose()
            raise

    def _prepare(self) -> None:
        postgresql = self._engine.dialect.name == "postgresql"
        triggers = _postgresql_triggers if postgresql else _sqlite_triggers
        with self._answering(), self._engine.connect() as plain:
            connection = plain.execution_options(immediate=True)
            if postgresql:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('ledger'))"))
            _METADATA.create_all(connection)
            for statement in triggers():
                connection.exec_driver_sql(statement)
            if connection.execute(sa.select(LEDGER_HEAD.c.row_number)).first() is None:
                connection.execute(sa.insert(LEDGER_HEAD).values(row_number=1, sequence=0, hash=GENESIS))
            connection.commit()

    def append(self, events: Sequence[Event]) -> Head:
        """Take in events, in one transaction that is on disk when this returns; those it already holds are compared.

        Raises
        ------
        LedgerDiverged
            If an event is not the one held under its sequence, or does not follow the head. Nothing was taken in.
        """
        contents = [(event, event_content(event)) for event in events]
        with self._answering(), self._engine.connect() as plain:
            connection = plain.execution_options(immediate=True)
            lock = sa.select(LEDGER_HEAD.c.sequence, LEDGER_HEAD.c.hash).with_for_update()
            sequence, last_hash = connection.execute(lock).one()
            self._compare(connection, [pair for pair in contents if pair[0].sequence <= sequence])
            entries: list[dict[str, Any]] = []
            documents: list[dict[str, Any]] = []
            for event, body in contents:
                if event.sequence <= sequence:
                    continue
                if event.sequence != sequence + 1:
                    raise LedgerDiverged(
                        sequence=event.sequence, reason=f"does not follow the ledger's head {sequence}"
                    )
                sequence = event.sequence
                prev_hash, last_hash = last_hash, chain_hash(last_hash, sequence, body)
                entries.append(
                    {**_columns(event), "sequence": sequence, "body": body, "prev_hash": prev_hash, "hash": last_hash}
                )
                documents += [
                    {"sequence": sequence, "kind": one.kind, "id": one.id, "version": one.version}
                    for one in event.documents
                ]
            if entries:
                connection.execute(sa.insert(LEDGER), entries)
                if documents:
                    connection.execute(sa.insert(LEDGER_DOCUMENTS), documents)
                connection.execute(sa.update(LEDGER_HEAD).values(sequence=sequence, hash=last_hash))
            connection.commit()
            return Head(sequence=sequence, hash=last_hash)

    def head(self) -> Head:
        with self._answering(), self._engine.connect() as connection:
            sequence, hash = connection.execute(sa.select(LEDGER_HEAD.c.sequence, LEDGER_HEAD.c.hash)).one()
            return Head(sequence=sequence, hash=hash)

    def find(self, sequence: int) -> Entry | None:
        found = next(self.entries(after=sequence - 1, limit=1), None)
        return found if found is not None and found.event.sequence == sequence else None

    def entries(self, *, after: int = 0, limit: int | None = None) -> Iterator[Entry]:
        """Iterate entries above a sequence, in order, read in batches."""
        for row in self._rows(after, limit):
            yield _entry(row)

    def replay(self, *, after: int = 0) -> Iterator[Event]:
        """Iterate the events above a sequence, in order."""
        for entry in self.entries(after=after):
            yield entry.event

    def touching(self, kind: str, ids: Sequence[str]) -> list[Entry]:
        """Return the entries that wrote any of these documents, in order."""
        found: dict[int, Entry] = {}
        with self._answering(), self._engine.connect() as connection:
            for start in range(0, len(ids), _BATCH):
                wrote = sa.select(LEDGER_DOCUMENTS.c.sequence).where(
                    LEDGER_DOCUMENTS.c.kind == kind, LEDGER_DOCUMENTS.c.id.in_(ids[start : start + _BATCH])
                )
                for row in connection.execute(sa.select(LEDGER).where(LEDGER.c.sequence.in_(wrote))):
                    found[row.sequence] = _entry(row)
        return [found[sequence] for sequence in sorted(found)]

    def verify(self, *, known: Head | None = None) -> Head:
        """Prove the whole chain and return its head; ``known`` is a head noted earlier, which must still lie on it.

        Raises
        ------
        LedgerBroken
            With the first entry that is altered, missing, out of order, or cut off at the end.
        """
        end, last = self.head(), Head(sequence=0, hash=GENESIS)
        for row in self._rows(0, None):
            if row.sequence != last.sequence + 1:
                raise LedgerBroken(sequence=last.sequence + 1, reason="the entry is missing")
            if row.prev_hash != last.hash:
                raise LedgerBroken(sequence=row.sequence, reason="does not follow the entry before it")
            if chain_hash(row.prev_hash, row.sequence, row.body) != row.hash:
                raise LedgerBroken(sequence=row.sequence, reason="the body or its hash was altered")
            last = Head(sequence=row.sequence, hash=row.hash)
            for name, value in _columns(_entry(row).event).items():
                if getattr(row, name) != value:
                    raise LedgerBroken(sequence=row.sequence, reason=f"the column {name} was altered")
            for place, noted in (("the head record", end), ("the head that was noted down", known)):
                if noted is not None and noted.sequence == last.sequence and noted.hash != last.hash:
                    raise LedgerBroken(sequence=last.sequence, reason=f"is not the entry that {place} tells")
        for place, noted in (("the head record", end), ("the head that was noted down", known)):
            if noted is not None and noted.sequence > last.sequence:
                raise LedgerBroken(
                    sequence=last.sequence + 1, reason=f"cut off: {place} tells of {noted.sequence} entries"
                )
        # Others may have appended meanwhile, but the head record moves with them.
        if self.head().sequence < last.sequence:
            raise LedgerBroken(sequence=end.sequence + 1, reason="the head record does not know this entry")
        self._verify_documents(last.sequence)
        return last

    def close(self) -> None:
        self._engine.dispose()

    def _verify_documents(self, held: int) -> None:
        """Prove that the table of written documents says what the bodies say."""
        columns = (
            LEDGER_DOCUMENTS.c.sequence,
            LEDGER_DOCUMENTS.c.kind,
            LEDGER_DOCUMENTS.c.id,
            LEDGER_DOCUMENTS.c.version,
        )
        after = 0
        while after < held:
            upto = after + _BATCH
            with self._answering(), self._engine.connect() as connection:
                told: dict[int, set[tuple[str, str, int]]] = {}
                where = columns[0].between(after + 1, upto)
                for sequence, kind, id, version in connection.execute(sa.select(*columns).where(where)):
                    told.setdefault(sequence, set()).add((kind, id, version))
            for entry in self.entries(after=after, limit=_BATCH):
                event = entry.event
                if told.get(event.sequence, set()) != {(one.kind, one.id, one.version) for one in event.documents}:
                    raise LedgerBroken(sequence=event.sequence, reason="the table of its documents was altered")
            after = upto

    def _rows(self, after: int, limit: int | None) -> Iterator[sa.Row[Any]]:
        while limit is None or limit > 0:
            size = _BATCH if limit is None else min(limit, _BATCH)
            query = sa.select(LEDGER).where(LEDGER.c.sequence > after).order_by(LEDGER.c.sequence).limit(size)
            with self._answering(), self._engine.connect() as connection:
                rows = connection.execute(query).all()
            yield from rows
            if len(rows) < size:
                return
            after = rows[-1].sequence
            limit = None if limit is None else limit - size

    def _compare(self, connection: sa.Connection, offered: Sequence[tuple[Event, str]]) -> None:
        if not offered:
            return
        first, last = offered[0][0].sequence, offered[-1][0].sequence
        query = sa.select(LEDGER.c.sequence, LEDGER.c.body).where(LEDGER.c.sequence.between(first, last))
        held = {row.sequence: row.body for row in connection.execute(query)}
        for event, body in offered:
            if held.get(event.sequence) != body:
                raise LedgerDiverged(
                    sequence=event.sequence, reason="the ledger holds another event under this sequence"
                )

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise LedgerDiverged(sequence=0, reason=f"the database refuses the entry: {error.orig}") from error
        except (SQLAlchemyError, DBAPIError, OSError) as error:
            raise StoreUnavailable(f"the ledger does not answer: {error}") from error


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(event=parse_event(row.sequence, row.body), prev_hash=row.prev_hash, hash=row.hash)


def _columns(event: Event) -> dict[str, str]:
    return {"at": event.at.isoformat(), "type": event.type, "actor": event.actor, "region": event.region}


def _engine(url: str) -> sa.Engine:
    try:
        address = sa.make_url(url)
        if address.get_backend_name() == "sqlite":
            return _sqlite_engine(address)
        return sa.create_engine(address, pool_pre_ping=True)
    except (SQLAlchemyError, ImportError) as error:
        raise StoreUnavailable(f"no ledger can be kept at {url}: {error}") from error


def _sqlite_engine(address: sa.URL) -> sa.Engine:
    engine = sa.create_engine(address, connect_args={"timeout": _BUSY_S})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # in WAL mode the lesser NORMAL loses commits at a power failure
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        # A writer takes the lock at once: read first and write later would fail when another wrote in between.
        connection.exec_driver_sql(
            "BEGIN IMMEDIATE" if connection.get_execution_options().get("immediate") else "BEGIN"
        )

    return engine
