"""Every benchmark in turn: ``make bench``. Each is a module of this folder that also runs by itself with options of its own."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    ("store and ledger", ("tests.benchmarks.store_commits",)),
    ("roads", ("tests.benchmarks.roads", "--side", "200")),
    ("demo day", ("tests.benchmarks.demo_day",)),
    ("live side", ("tests.benchmarks.live",)),
    ("large day", ("tests.benchmarks.scale", "--requests", "3000", "--seconds", "60")),
    ("cost of the rules", ("tests.benchmarks.rules_cost",)),
)


def main() -> int:
    failed = []
    for title, (module, *options) in BENCHMARKS:
        print(f"\n== {title}: python -m {module} {' '.join(options)}", flush=True)  # noqa: T201
        if subprocess.run([sys.executable, "-m", module, *options], check=False).returncode != 0:
            failed.append(module)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)  # noqa: T201
    return 1 if failed else 0


sys.exit(main())
