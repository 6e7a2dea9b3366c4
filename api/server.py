"""One server process: answers at once, loads behind, ends in order."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from types import FrameType

import uvicorn

from api.app import create_app
from api.data_folder import DataFolder, DataFolderInUse
from api.services import LOCAL_ZONE, Services
from api.settings import Settings
from api.telemetry import configure_logs
from api.worker import Worker, load_secret
from fleet.errors import InvalidFact
from fleet.rules.load import load


def serve(settings: Settings, *, say: Callable[[str], None] | None = None) -> int:
    """Serve until the process is told to end; returns its exit code.

    ``say`` is told the address, the demo's accounts and the plan's figures, by default on standard output.
    """
    tell = say or _print
    configure_logs(settings.effective_log_level)
    try:
        folder = DataFolder(settings.var_dir, holder=f"chuanyu serve {settings.host}:{settings.port}")
    except DataFolderInUse as problem:
        said = problem.to_text()
        tell(f"{said.zh} / {said.en}")
        return 2
    with folder:
        return _serve(settings, tell)


def _serve(settings: Settings, tell: Callable[[str], None]) -> int:
    try:
        book = load(settings.rules_dir)
    except InvalidFact as error:
        tell(f"本地规则无法使用 / the office's rules are not usable: {error.id} {error.field}: {error.remedy}")
        return 2
    services = Services(
        book=book,
        settings=settings,
        clock=lambda: datetime.now(LOCAL_ZONE),
        secret=load_secret(settings.var_dir),
    )
    try:
        listener = socket.create_server(
            (settings.host, settings.port),
            family=socket.AF_INET6 if ":" in settings.host else socket.AF_INET,
            backlog=256,
        )
    except OSError as error:
        tell(
            f"端口 {settings.port} 无法使用 / cannot listen on {settings.host}:{settings.port}: {error.strerror or error}. "
            "CHUANYU_PORT"
        )
        return 2
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(services),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=3,
            timeout_keep_alive=30,
        )
    )
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        server.should_exit = True

    worker = Worker(services, say=tell, fail=fail)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    signal.signal(signal.SIGTERM, _leave)
    try:
        worker.start()
        tell(f"页面 / open: http://{shown}:{port}")
        server.run(sockets=[listener])
    except (KeyboardInterrupt, _Leave):
        pass
    finally:
        worker.stop()
        listener.close()
    return 1 if failed.is_set() else 0


class _Leave(BaseException):
    """SIGTERM after the server has closed its connections."""


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise _Leave


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
