"""``chuanyu store rebuild`` on a real Redis: what the ledger holds comes back, the rest does not."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.app import build
from api.data_folder import DataFolder
from api.worker import open_store
from fleet.documents import encode
from fleet.store import Commit, Write
from fleet.units import Level, Unit

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


def run(*arguments: object):
    return CliRunner().invoke(build(), [str(argument) for argument in arguments])


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A data folder in which five units were registered and from which Redis was then lost."""
    store, running, ledger = open_store(tmp_path, redis_url=None, ledger_url=None)
    for number in range(5):
        unit = Unit(id=f"U{number}", name="某局", region="510100", level=Level.COUNTY)
        write = Write(kind="unit", id=unit.id, expected_version=0, body=encode(unit))
        store.commit(Commit(type="unit.registered", actor="test", at=NOW, writes=[write]))
    running.stop()
    ledger.close()
    shutil.rmtree(tmp_path / "redis")
    return tmp_path


def test_rebuild_brings_back_what_the_ledger_holds(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    answer = run("store", "rebuild", "--var", var, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert json.loads(answer.stdout)["events_count"] == 5
    store, running, ledger = open_store(var, redis_url=None, ledger_url=None)
    try:
        assert [document.id for document in store.list("unit").documents] == [f"U{number}" for number in range(5)]
        assert store.head() == 5
    finally:
        running.stop()
        ledger.close()


def test_the_store_of_a_running_server_is_not_rebuilt(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    with DataFolder(var, holder="chuanyu serve 127.0.0.1:8000"):
        for lang, words in (("zh", "正由另一个进程使用"), ("en", "in use by another process")):
            answer = run("store", "rebuild", "--var", var, "--lang", lang)
            assert answer.exit_code == 2
            said = answer.stderr.replace("\n", "")
            assert words in said.replace(" ", "") or words in answer.stderr.replace("\n", " ")
            assert "chuanyu serve 127.0.0.1:8000" in answer.stderr.replace("\n", " ")
        told = json.loads(run("store", "rebuild", "--var", var, "--lang", "en", "--json").stdout)
        assert "in use by another process" in told["error"]
    assert not (var / "redis").exists()
    assert run("store", "rebuild", "--var", var, "--json").exit_code == 0


def test_without_a_ledger_there_is_nothing_to_rebuild(tmp_path: Path) -> None:
    answer = run("store", "rebuild", "--var", tmp_path, "--lang", "en")
    assert answer.exit_code == 2
    assert "no ledger" in answer.stderr
    assert not (tmp_path / "redis").exists()


def test_a_head_noted_elsewhere_finds_out_a_cut_ledger(var: Path) -> None:
    """Entries cut off together with the head record leave a chain that holds in itself."""
    head = run("ledger", "verify", "--var", var, "--lang", "en").stdout.split()[-1]
    assert head.startswith("5:")
    assert run("ledger", "verify", "--var", var, "--noted", head).exit_code == 0
    longer = f"6:{head.split(':')[1]}"
    cut = run("ledger", "verify", "--var", var, "--noted", longer, "--lang", "zh")
    assert cut.exit_code == 1
    assert "末尾被截断" in cut.stderr
    other = run("ledger", "verify", "--var", var, "--noted", f"5:{'0' * 64}", "--lang", "zh")
    assert other.exit_code == 1
    assert "与另行记下的链尾不符" in other.stderr
    assert run("ledger", "verify", "--var", var, "--noted", "nonsense").exit_code == 2
