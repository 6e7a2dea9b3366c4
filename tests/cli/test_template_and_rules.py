"""Commands that need no plan: template, rules, ledger, help."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.app import build
from api.intake.read import read
from fleet.documents import encode
from fleet.ledger import Ledger
from fleet.memory_store import MemoryStore
from fleet.store import Commit, Write
from fleet.units import Level, Unit

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


def run(*arguments: object):
    return CliRunner().invoke(build(), [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    "command",
    [
        (), ("serve",), ("demo",), ("plan",), ("template",), ("rules",), ("scenario",), ("store",), ("store", "rebuild"),
        ("ledger",), ("ledger", "verify"),
    ],
)  # fmt: skip
def test_every_command_has_help_in_both_languages(command: tuple[str, ...]) -> None:
    answer = run(*command, "--help")
    assert answer.exit_code == 0
    assert any("\u4e00" <= character <= "\u9fff" for character in answer.stdout)
    assert sum(character.isascii() and character.isalpha() for character in answer.stdout) > 20


def test_the_module_is_the_command(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api", "rules", "--region", "500000", "--json"],
        cwd=repository,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout.decode())[0]["code"].startswith("50")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_template_is_written_once(tmp_path: Path, lang: str) -> None:
    path = tmp_path / "t.xlsx"
    assert run("template", "--out", path, "--lang", lang).exit_code == 0
    written = path.read_bytes()
    assert read(written, name="t.xlsx", lang=lang, now=NOW).errors == ()
    again = run("template", "--out", path, "--lang", lang)
    assert again.exit_code == 2
    assert path.read_bytes() == written
    assert run("template", "--out", path, "--lang", lang, "--force").exit_code == 0
    assert run("template", "--out", tmp_path / "t.xls").exit_code == 2
    nowhere = run("template", "--out", tmp_path / "no" / "t.xlsx", "--lang", "en")
    assert nowhere.exit_code == 2
    assert "does not exist" in nowhere.stderr


def test_filled_template_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "demo.xlsx"
    answer = run("template", "--out", path, "--filled", "--day", "2026-11-23", "--json")
    assert answer.exit_code == 0
    intake = read(path.read_bytes(), name="demo.xlsx", lang="zh", now=NOW)
    assert intake.errors == ()
    assert len(intake.vehicles) >= 59
    assert {request.stops[0].earliest_at.date().isoformat() for request in intake.requests} == {"2026-11-23"}


def test_template_columns() -> None:
    assert "电池容量 (kWh)" in run("template", "--columns", "--lang", "zh").stdout


def test_rules() -> None:
    shown = json.loads(run("rules", "--region", "510900", "--json").stdout)
    suining = next(one for one in shown if one["code"] == "510900")
    assert suining["cooperation_area"]
    assert run("rules", "--lang", "en").exit_code == 0
    assert run("rules", "--region", "999999").exit_code == 2


def make_ledger(folder: Path) -> Path:
    path = folder / "ledger.sqlite"
    store, ledger = MemoryStore(), Ledger(f"sqlite:///{path}")
    for number in range(4):
        unit = Unit(id=f"U{number}", name="某局", region="510100", level=Level.COUNTY)
        write = Write(kind="unit", id=unit.id, expected_version=0, body=encode(unit))
        ledger.append([store.commit(Commit(type="unit.registered", actor="test", at=NOW, writes=[write]))])
    ledger.close()
    return path


def test_ledger_verify(tmp_path: Path) -> None:
    assert run("ledger", "verify", "--var", tmp_path).exit_code == 2
    path = make_ledger(tmp_path)
    good = run("ledger", "verify", "--var", tmp_path, "--json")
    assert good.exit_code == 0
    assert json.loads(good.stdout)["entries_count"] == 4
    with sqlite3.connect(path) as altered:
        for (name,) in altered.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            altered.execute(f"drop trigger {name}")
        table = next(
            name
            for (name,) in altered.execute("select name from sqlite_master where type = 'table'").fetchall()
            if "body" in {column[1] for column in altered.execute(f"pragma table_info({name})").fetchall()}
        )
        altered.execute(f"update {table} set body = replace(body, '某局', '他局') where sequence = 3")  # noqa: S608
    altered.close()
    bad = run("ledger", "verify", "--var", tmp_path, "--json")
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)["sequence"] == 3


def test_bad_environment_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHUANYU_PORT", "many")
    answer = run("ledger", "verify", "--var", tmp_path)
    assert answer.exit_code == 2
    assert "CHUANYU_PORT" in answer.stderr
