"""How many commits a second the store takes, and how long one waits: ``python -m tests.benchmarks.store_commits``.

Each commit writes one request of about 700 bytes, new or changed, through Redis and into the ledger on disk.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from fleet import redis_server
from fleet.durable_store import DurableStore
from fleet.ledger import Ledger
from fleet.redis_store import RedisStore
from fleet.store import Commit, FleetStore, Write

AT = datetime(2026, 3, 2, tzinfo=UTC)
BODY = {"state": "submitted", "region": "510100", "unit_id": "u1", "requester_id": "p1", "purpose": "会议" * 100}


def work(store: FleetStore, name: str, times: int, waits_s: list[float]) -> None:
    for number in range(times):
        write = Write(kind="request", id=f"{name}-{number // 2}", expected_version=number % 2, body=BODY)
        started = perf_counter()
        store.commit(Commit(type="request.changed", actor=name, at=AT, writes=[write], key=f"{name}-{number}"))
        waits_s.append(perf_counter() - started)


def measure(store: FleetStore, *, threads: int, commits: int) -> str:
    waits_s: list[float] = []
    each = commits // threads
    workers = [
        threading.Thread(target=work, args=(store, f"w{uuid4().hex[:6]}", each, waits_s)) for _ in range(threads)
    ]
    started = perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took_s = perf_counter() - started
    waits_s.sort()
    p50, p99 = (1000 * waits_s[int(len(waits_s) * share)] for share in (0.5, 0.99))
    return f"{threads:3} threads: {len(waits_s) / took_s:7.0f} commits/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=4000)
    parser.add_argument("--ledger", default="", help="address of the ledger; a file in the data folder by default")
    parser.add_argument("--var", default="", help="data folder; a temporary one by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        var_dir = Path(options.var or temporary)
        with redis_server.start(var_dir) as running:
            bare = RedisStore(running.url, prefix=f"bench-{uuid4().hex}")
            ledger = Ledger(options.ledger or f"sqlite:///{var_dir}/bench-{uuid4().hex}.sqlite")
            inner = RedisStore(running.url, prefix=f"bench-{uuid4().hex}", fenced=True)
            durable = DurableStore(inner, ledger)
            durable.recover()
            for title, store in (("Redis alone", bare), ("Redis and ledger", durable)):
                sys.stdout.write(f"{title}\n")
                for threads in (1, 16):
                    sys.stdout.write(measure(store, threads=threads, commits=options.commits))
            started = perf_counter()
            count = durable.rebuild()
            sys.stdout.write(f"rebuild of {count} events: {count / (perf_counter() - started):.0f} events/s\n")
            started = perf_counter()
            ledger.verify()
            sys.stdout.write(f"verify of {count} entries: {count / (perf_counter() - started):.0f} entries/s\n")
            ledger.close()
            for one in (bare, inner):
                one.reset()
                one.close()


if __name__ == "__main__":
    main()
