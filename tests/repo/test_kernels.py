"""Compiled kernels are kept on disk; what is kept must be what the source says.

numba renews a kept kernel when the file of the function that Python calls has changed, not when a file changes whose functions
were compiled into it. So those two files carry the digest of all of them, and change with each.
"""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path

ENTRIES = ("anneal.py", "entries.py")
LINE = re.compile(r'^KERNELS = "([0-9a-f]*)"$', re.MULTILINE)


def compiled_together(folder: Path) -> list[Path]:
    """The entry files and what they import of the same folder, transitively."""
    found: set[str] = set()
    waiting = list(ENTRIES)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting.extend(
            (node.module or "").rsplit(".", 1)[1] + ".py"
            for node in ast.walk(ast.parse((folder / name).read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dispatch.search.")
        )
    return sorted(folder / name for name in found)


def digest(folder: Path) -> str:
    sha = hashlib.sha256()
    for path in compiled_together(folder):
        sha.update(LINE.sub("", path.read_text(encoding="utf-8")).encode())
    return sha.hexdigest()[:16]


def test_the_entry_files_carry_the_digest_of_all_kernels(repository: Path) -> None:
    folder = repository / "dispatch" / "search"
    expected = digest(folder)
    for name in ENTRIES:
        found = LINE.search((folder / name).read_text(encoding="utf-8"))
        assert found, f"{name} has no KERNELS"
        assert found[1] == expected, f'a kernel changed: set KERNELS = "{expected}" in {" and ".join(ENTRIES)}'
