"""A real server process with its real embedded Redis and ledger, as ``chuanyu serve`` starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx

REPOSITORY = Path(__file__).resolve().parents[2]
_PAUSE_S = 0.05
_READY_S = 90.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class ServerProcess:
    """One server over a data folder; may be killed and started again."""

    def __init__(self, var_dir: Path, **settings: str) -> None:
        self.var_dir = var_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._people: list[Person] = []

    def sign_in(self, login: str, password: str) -> Person:
        self._people.append(Person(self, login, password))
        return self._people[-1]

    def sign_in_admin(self) -> Person:
        """Sign in as the first account, whose password the server has drawn."""
        return self.sign_in("admin", (self.var_dir / "admin-password").read_text("ascii"))

    def close(self) -> None:
        """End the server and everybody's connections."""
        for person in self._people:
            person.close()
        self.stop()

    def start(self) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("CHUANYU_", "REDIS_"))}
        environ |= {
            "CHUANYU_VAR": str(self.var_dir),
            "CHUANYU_PORT": str(self.port),
            "CHUANYU_ARGON2_KIB": "64",
            "CHUANYU_LOG_LEVEL": "warning",
            "CHUANYU_ROUNDS": "0",
            "PYTHONPATH": str(REPOSITORY),
            **self._settings,
        }
        self.var_dir.mkdir(parents=True, exist_ok=True)
        with (self.var_dir / "server.out").open("ab") as out, (self.var_dir / "server.err").open("ab") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api", "serve"], env=environ, cwd=REPOSITORY, stdout=out, stderr=err
            )

    def until(self, path: str = "/readyz", *, status: int = 200) -> None:
        """Wait until an address answers as expected."""
        pause = threading.Event()
        for _ in range(int(_READY_S / _PAUSE_S)):
            if self._process is not None and self._process.poll() is not None:
                break
            try:
                if httpx.get(self.url + path, timeout=5).status_code == status:
                    return
            except httpx.HTTPError:
                pass
            pause.wait(_PAUSE_S)
        raise AssertionError(f"{path} did not become {status}; the server said:\n{self.said()}")

    def kill(self) -> None:
        """End the server as a power failure would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def kill_redis(self) -> bool:
        """End its Redis in the same way; False when it is not there just now."""
        try:
            os.kill(int((self.var_dir / "redis" / "redis.pid").read_text("ascii")), signal.SIGKILL)
        except (OSError, ValueError):
            return False
        return True

    def stop(self) -> int:
        """End the server in order; returns its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()

    def said(self) -> str:
        texts = [(self.var_dir / name).read_text("utf-8", "replace")[-4000:] for name in ("server.out", "server.err")]
        return "\n".join(texts)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def ledger_url(self) -> str:
        return f"sqlite:///{self.var_dir / 'ledger.sqlite'}"


class Person:
    """Somebody signed in at a server."""

    def __init__(self, server: ServerProcess, login: str, password: str) -> None:
        self._client = httpx.Client(base_url=server.url, timeout=30)
        answer = self._client.post("/v1/sessions", json={"login": login, "password": password})
        assert answer.status_code == 201, answer.text
        self._client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        self.token = answer.json()["token"]

    def get(self, path: str, **params: Any) -> Any:
        answer = self._client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, *, status: int = 200, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self._client.post(path, json=body, headers=named)
        assert answer.status_code == status, answer.text
        return answer.json()

    def close(self) -> None:
        self._client.close()
