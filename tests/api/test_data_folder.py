"""One server per data folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.data_folder import DataFolder, DataFolderInUse
from api.server import serve
from api.settings import Settings

_HOLD = """
import sys
from pathlib import Path
from api.data_folder import DataFolder
held = DataFolder(Path(sys.argv[1]), holder="chuanyu serve 127.0.0.1:8000")
print("held", flush=True)
sys.stdin.read()
"""


def held_elsewhere(var: Path) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(var)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_second_server_on_a_folder_is_refused_and_names_the_first(tmp_path):
    process = held_elsewhere(tmp_path)
    try:
        said: list[str] = []
        assert serve(Settings(var_dir=tmp_path, port=0), say=said.append) == 2
        [line] = said
        assert f"pid {process.pid}, chuanyu serve 127.0.0.1:8000" in line
        assert "正由另一个进程使用" in line
        assert "in use by another process" in line
        assert sorted(path.name for path in tmp_path.iterdir()) == ["server.lock"]
    finally:
        end(process)


def test_a_killed_holder_leaves_the_folder_free(tmp_path):
    end(held_elsewhere(tmp_path))
    with DataFolder(tmp_path, holder="next"):
        assert (tmp_path / "server.lock").read_text() == f"pid {os.getpid()}, next\n"


def test_a_folder_is_free_again_after_its_holder(tmp_path):
    for _ in range(2):
        with DataFolder(tmp_path / "new", holder="one"), pytest.raises(DataFolderInUse):
            DataFolder(tmp_path / "new", holder="two")
