"""The repository itself, tested as an object."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

PACKAGES = ("api", "scenarios", "dispatch", "routing", "fleet")
DRAWERS = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py", "manager.py"}


def tracked(repository: Path) -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [repository / name for name in listing.stdout.split("\0") if name and (repository / name).is_file()]


def test_no_module_is_a_drawer(repository: Path) -> None:
    assert [path for path in tracked(repository) if path.name in DRAWERS] == []


def test_no_file_is_larger_than_a_megabyte(repository: Path) -> None:
    assert [path.name for path in tracked(repository) if path.stat().st_size > 1_000_000] == []


def test_lock_files_name_no_address(repository: Path) -> None:
    locks = [path for path in tracked(repository) if path.name.endswith(".lock") or path.name == "package-lock.json"]
    assert locks
    for lock in locks:
        for line in lock.read_text().splitlines():
            assert (
                not re.search(r"https?://(?!opencollective|github\.com/sponsors|.*funding)", line) or '"url"' in line
            ), f"{lock.name}: {line}"


def test_every_pinned_requirement_has_a_hash(repository: Path) -> None:
    for name in ("requirements.lock", "requirements-test.lock"):
        blocks = re.split(r"\n(?=\S)", (repository / name).read_text().strip())
        assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_no_work_is_left_as_a_note_to_oneself(repository: Path) -> None:
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
    found = [
        f"{path.relative_to(repository)}:{number}"
        for path in tracked(repository)
        if path.suffix in {".py", ".ts", ".vue", ".lua"} and path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_every_public_module_says_what_it_is(repository: Path) -> None:
    modules = [path for name in PACKAGES for path in (repository / name).rglob("*.py") if "static" not in path.parts]
    assert [
        str(path) for path in modules if not path.read_text(encoding="utf-8").lstrip().startswith(('"""', 'r"""'))
    ] == []


def test_nothing_opens_a_clock_below_api(repository: Path) -> None:
    pattern = re.compile(r"datetime\.now\(|datetime\.utcnow\(|date\.today\(|time\.time\(")
    found = [
        f"{path.relative_to(repository)}:{number}"
        for name in ("scenarios", "dispatch", "routing", "fleet")
        for path in (repository / name).rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_only_settings_reads_the_environment(repository: Path) -> None:
    pattern = re.compile(r"os\.environ|os\.getenv|environ\[")
    found = [
        str(path.relative_to(repository))
        for name in PACKAGES
        for path in (repository / name).rglob("*.py")
        if pattern.search(path.read_text(encoding="utf-8")) and path != repository / "api" / "settings.py"
    ]
    assert found == []
