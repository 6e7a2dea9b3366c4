"""The live side at size: answers at once under load, and positions by the thousand: ``python -m tests.benchmarks.live``.

A real server process with its own Redis and ledger, the rounds running beside it, over a generated region with its day planned.
Without options: 3,000 vehicles, 10,000 trips, 30 requests a second for a minute, then 5,000 positions a second for ten.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any

import httpx

from tests.e2e.processes import ServerProcess

_BATCH = 500


def paced(
    per_second: float, seconds: float, call: Callable[[int], float], *, threads: int
) -> tuple[list[float], float]:
    """Call at a fixed pace, whatever the answers take; return the seconds each took, and how long it all lasted."""
    taken: list[float] = []
    begins = monotonic()
    count = round(per_second * seconds)
    numbers = iter(range(count))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            wait = begins + number / per_second - monotonic()
            if wait > 0:
                sleep(wait)
            took = call(number)
            with lock:
                taken.append(took)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sorted(taken), monotonic() - begins


def told(name: str, taken: list[float], lasted_s: float) -> str:
    p50, p99 = (1000 * taken[min(len(taken) - 1, int(len(taken) * share))] for share in (0.5, 0.99))
    rate = len(taken) / lasted_s
    return f"{name}: {rate:7.1f}/s   p50 {p50:7.1f} ms   p99 {p99:7.1f} ms   longest {1000 * taken[-1]:7.1f} ms\n"


def resident_mb(pid: int) -> float:
    """Resident memory of a process and of all below it, in MB; 0 where the machine does not tell."""
    total = 0.0
    try:
        for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmRSS"):
                total += int(line.split()[1]) / 1024
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
            total += resident_mb(int(child))
    except OSError:
        return total
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=3_000)
    parser.add_argument("--trips", type=int, default=10_000)
    parser.add_argument("--plan-seconds", type=float, default=60.0)
    parser.add_argument("--per-second", type=float, default=30.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--positions-per-second", type=int, default=5_000)
    parser.add_argument("--positions-seconds", type=float, default=600.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(
            Path(folder) / "var",
            CHUANYU_DEMO="1",
            CHUANYU_DEMO_VEHICLES=str(options.vehicles),
            CHUANYU_DEMO_REQUESTS=str(options.trips),
            CHUANYU_PLAN_SECONDS=str(options.plan_seconds),
            CHUANYU_ROUNDS="1",
        )
        server.start()
        try:
            measure(server, options)
        finally:
            server.close()


def measure(server: ServerProcess, options: argparse.Namespace) -> None:
    ready(server)
    accounts = httpx.get(f"{server.url}/v1/demo-accounts").json()
    admin = server.sign_in(next(a["login"] for a in accounts if "admin" in a["roles"]), accounts[0]["password"])
    headers = {"Authorization": f"Bearer {admin.token}"}
    likes = [r for r in admin.get("/v1/requests", limit=1000)["items"] if r["kind"] == "transfer"]
    client = httpx.Client(base_url=server.url, headers=headers, timeout=60)

    def ask(number: int) -> float:
        like = likes[number % len(likes)]
        body: dict[str, Any] = {name: like[name] for name in ("kind", "purpose", "passengers", "unit_id")}
        body["stops"] = [
            {name: stop[name] for name in ("name", "lon_wgs84", "lat_wgs84", "earliest_at", "latest_at")}
            for stop in like["stops"]
        ]
        began = perf_counter()
        answer = client.post("/v1/requests", json=body)
        assert answer.status_code == 201, answer.text
        return perf_counter() - began

    for number in range(30):
        ask(number)  # what is made at the first call of each region is not measured
    sys.stdout.write(told("provisional answers", *paced(options.per_second, options.seconds, ask, threads=16)))

    vehicles = admin.get("/v1/vehicles", limit=1000)["items"]
    begins = datetime.now().astimezone()
    rounds = max(1, len(vehicles) // _BATCH)

    def send(number: int) -> float:
        group = number % rounds
        at = (begins - timedelta(days=1) + timedelta(seconds=10 * (number // rounds))).isoformat()
        batch = [
            {"vehicle_id": v["id"], "at": at, "lon_wgs84": 105.5, "lat_wgs84": 30.5, "speed_mps": 0.0}
            for v in vehicles[group * _BATCH : (group + 1) * _BATCH]
        ]
        began = perf_counter()
        answer = client.post("/v1/positions", json={"positions": batch})
        assert answer.json()["new_count"] == len(batch), answer.text[:300]
        return perf_counter() - began

    per_second = options.positions_per_second / _BATCH
    taken, lasted_s = paced(per_second, options.positions_seconds, send, threads=4)
    sys.stdout.write(told(f"position batches of {_BATCH}", taken, lasted_s))
    sys.stdout.write(f"positions acknowledged: {len(taken) * _BATCH:,}, {len(taken) * _BATCH / lasted_s:,.0f}/s\n")
    sys.stdout.write(f"resident memory of server and Redis: {resident_mb(server.pid):,.0f} MB\n")


def ready(server: ServerProcess) -> None:
    """Wait for the planned day; at this size it takes its minutes."""
    for _ in range(10):
        try:
            server.until("/readyz")
        except AssertionError:
            continue
        return
    server.until("/readyz")


if __name__ == "__main__":
    main()
