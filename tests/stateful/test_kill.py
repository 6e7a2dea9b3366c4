"""The real server is killed in the middle, its file loses its end, writers are killed: no acknowledged write is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from fleet import redis_server
from fleet.durable_store import DurableStore
from fleet.errors import StaleRevision, StoreUnavailable
from fleet.ledger import Ledger
from fleet.redis_store import RedisStore
from fleet.store import Commit, Write

AT = datetime(2026, 3, 2, tzinfo=UTC)
KILLS = 25


def open_store(var_dir: Path, url: str) -> tuple[RedisStore, Ledger, DurableStore]:
    inner = RedisStore(url, prefix="kill", fenced=True)
    ledger = Ledger(f"sqlite:///{var_dir}/ledger.sqlite")
    return inner, ledger, DurableStore(inner, ledger)


def count_up(store: DurableStore, name: str, *, times: int, acknowledged: Callable[[int], None]) -> None:
    """Add one to a shared counter and to one's own, ``times`` times; what is not acknowledged is tried again."""
    done, pause = 0, threading.Event()
    while done < times:
        key = f"{name}-{done}"
        try:
            shared, own = store.find("counter", "shared"), store.find("counter", name)
            writes = [
                Write(
                    kind="counter",
                    id=id,
                    expected_version=one.version if one else 0,
                    body={"n": one.body["n"] + 1 if one else 1},
                )
                for id, one in (("shared", shared), (name, own))
            ]
            event = store.commit(Commit(type="counter.raised", actor=name, at=AT, writes=writes, key=key))
            assert event.key == key
        except (StoreUnavailable, StaleRevision):
            pause.wait(0.001)
            continue
        acknowledged(event.sequence)
        done += 1


def check_whole(var_dir: Path, url: str, names: dict[str, int], acknowledged: dict[str, list[int]]) -> None:
    """Every acknowledged event is in ledger and store, and the counters count each effect once."""
    inner, ledger, store = open_store(var_dir, url)
    store.recover()
    head = ledger.verify().sequence
    assert head == inner.raw_head()
    keys = {event.sequence: event.key for event in ledger.replay()}
    assert len(set(keys.values())) == len(keys), "one key, one effect"
    assert inner.raw_events(after=0, limit=head) == tuple(ledger.replay())
    for name, sequences in acknowledged.items():
        assert [keys[sequence] for sequence in sequences] == [f"{name}-{number}" for number in range(len(sequences))]
    for name, times in names.items():
        assert store.get("counter", name).body == {"n": times}
    assert store.get("counter", "shared").body == {"n": sum(names.values())} == {"n": head}
    inner.close()
    ledger.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[redis_server.RunningRedis]:
    with redis_server.start(tmp_path) as running:
        yield running


@pytest.mark.parametrize("cut", [False, True], ids=["killed", "killed and its file cut"])
def test_the_server_is_killed_at_random_points(tmp_path, running, cut):
    dice = random.Random(20260302)
    names = {f"w{number}": 80 for number in range(4)}
    acknowledged: dict[str, list[int]] = {name: [] for name in names}
    stores = [open_store(tmp_path, running.url) for _ in range(2)]  # as two processes would have them
    stores[0][2].recover()
    told = threading.Semaphore(0)

    def write(number: int, name: str) -> None:
        def note(sequence: int) -> None:
            acknowledged[name].append(sequence)
            told.release()

        count_up(stores[number % 2][2], name, times=names[name], acknowledged=note)

    writers = [threading.Thread(target=write, args=pair, daemon=True) for pair in enumerate(names)]
    for writer in writers:
        writer.start()
    left = sum(names.values())
    for _ in range(KILLS):
        for _ in range(dice.randint(1, left // KILLS)):
            assert told.acquire(timeout=60)
        pid = running.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        if cut:
            # As after a power failure, when the last second did not reach the disk.
            file = tmp_path / "redis" / "appendonly.aof"
            whole = file.read_bytes()
            file.write_bytes(whole[: max(0, len(whole) - dice.randint(0, 6000))])
        running.ensure_running()
    for writer in writers:
        writer.join(120)
        assert not writer.is_alive()
    check_whole(tmp_path, running.url, names, acknowledged)
    for inner, ledger, _ in stores:
        inner.close()
        ledger.close()


def test_a_server_that_hangs_leaves_no_doubt_after_the_retry(tmp_path, running):
    """The answer never comes, the write happens all the same, later: the key tells that it was one and the same."""
    impatient = redis.Redis.from_url(running.url, socket_timeout=0.2, retry=Retry(NoBackoff(), 0))
    inner = RedisStore(impatient, prefix="hang", fenced=True)
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    store = DurableStore(inner, ledger)
    store.recover()
    store.commit(Commit(type="counter.raised", actor="w", at=AT, writes=[]))  # so that the server knows the script
    write = Write(kind="counter", id="n", expected_version=0, body={"n": 1})
    commit = Commit(type="counter.raised", actor="w", at=AT, writes=[write], key="once")
    pid = running.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable):
            store.commit(commit)
    finally:
        os.kill(pid, signal.SIGCONT)
    patient = RedisStore(running.url, prefix="hang")
    assert patient.wait(after=1, timeout_s=20)
    event = store.commit(commit)
    assert (event.sequence, store.get("counter", "n").version, ledger.head().sequence) == (2, 1, 2)
    patient.close()
    inner.close()
    ledger.close()


WRITER = """
import sys
from pathlib import Path
from tests.stateful.test_kill import count_up, open_store
var_dir, url, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
inner, ledger, store = open_store(var_dir, url)
store.recover()
count_up(store, name, times=10**9, acknowledged=lambda sequence: print(sequence, flush=True))
"""


def test_writers_are_killed_at_random_points(tmp_path, running):
    dice = random.Random(7)
    root = Path(__file__).resolve().parents[2]
    acknowledged: dict[str, list[int]] = {}
    for round in range(2):
        names = [f"p{round}-{number}" for number in range(2)]
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(tmp_path), running.url, name],
                stdout=subprocess.PIPE,
                env=dict(os.environ) | {"PYTHONPATH": str(root)},
            )
            for name in names
        ]
        for name, process in zip(names, processes, strict=True):
            lines = [process.stdout.readline() for _ in range(dice.randint(1, 30))]
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
            process.wait()
            process.stdout.close()
            acknowledged[name] = [int(line) for line in lines if line.endswith(b"\n")]
            assert acknowledged[name], "the writer did not get going"
    inner, ledger, store = open_store(tmp_path, running.url)
    store.recover()
    times = {name: store.get("counter", name).body["n"] for name in acknowledged}
    for name, sequences in acknowledged.items():
        assert times[name] in (len(sequences), len(sequences) + 1), "at most the one under way was not acknowledged"
    inner.close()
    ledger.close()
    check_whole(tmp_path, running.url, times, acknowledged)
