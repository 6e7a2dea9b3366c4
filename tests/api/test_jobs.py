"""Long work as documents: progress, cancel, result, and what a restart makes of it."""

from __future__ import annotations

import threading

import pytest

from api.jobs import JobCancelled, JobControl, Jobs, new_job
from api.telemetry import Metrics
from api.wording import Text
from fleet.errors import IllegalTransition, StoreUnavailable
from fleet.memory_store import MemoryStore
from fleet.store import Commit
from tests.api.conftest import NOW


class Bench:
    """Jobs over a store, with a work that the test steers."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.jobs = self.make()

    def make(self) -> Jobs:
        return Jobs(self.store, works={"plan": self.work}, now=lambda: NOW, metrics=Metrics())

    def work(self, control: JobControl) -> dict[str, object]:
        control.tell(0.5, Text("一半", "half way"))
        self.begun.set()
        assert self.go_on.wait(10)
        if control.is_cancelled():
            raise JobCancelled
        if control.ask.get("break"):
            raise ZeroDivisionError
        return {"plan_id": "PL-1"}

    def put(self, id: str, **ask: object) -> None:
        write = new_job(id, kind="plan", region="510900", started_by="P-x", created_at=NOW.isoformat(), ask=ask)
        self.store.commit(Commit(type="job.queued", actor="P-x", at=NOW, writes=[write]))

    def launch(self, id: str, **ask: object) -> None:
        self.put(id, **ask)
        self.jobs.launch(self.store.get("job", id))

    def state(self, id: str) -> str:
        return str(self.store.get("job", id).body["state"])

    def until(self, id: str, state: str) -> None:
        while self.state(id) != state:
            assert self.store.wait(after=self.store.head(), timeout_s=10) or self.state(id) == state


@pytest.fixture
def bench():
    made = Bench()
    yield made
    made.go_on.set()
    made.jobs.close()


def test_a_job_runs_and_tells(bench):
    bench.launch("J-1")
    assert bench.begun.wait(10)
    shown = bench.jobs.render(bench.store.get("job", "J-1"), "en")
    assert (shown["state"], shown["progress_frac"], shown["message"]) == ("running", 0.5, "half way")
    bench.go_on.set()
    bench.until("J-1", "done")
    shown = bench.jobs.render(bench.store.get("job", "J-1"), "zh")
    assert shown["result"] == {"plan_id": "PL-1"}
    assert (shown["progress_frac"], shown["message"]) == (1.0, "已完成")
    with pytest.raises(IllegalTransition):
        bench.jobs.cancel("J-1", actor="P-x")


def test_a_running_job_is_cancelled(bench):
    bench.launch("J-1")
    assert bench.begun.wait(10)
    bench.jobs.cancel("J-1", actor="P-x")
    bench.go_on.set()
    bench.until("J-1", "cancelled")


def test_a_queued_job_is_cancelled_and_never_runs(bench):
    bench.launch("J-1")
    assert bench.begun.wait(10)
    bench.launch("J-2")
    assert bench.jobs.cancel("J-2", actor="P-x").body["state"] == "cancelled"
    bench.go_on.set()
    bench.until("J-1", "done")
    bench.launch("J-3")
    bench.until("J-3", "done")
    assert bench.state("J-2") == "cancelled"


def test_a_job_that_breaks_is_told_as_failed(bench):
    bench.go_on.set()
    bench.launch("J-1", **{"break": True})
    bench.until("J-1", "failed")
    assert bench.jobs.render(bench.store.get("job", "J-1"), "en")["message"].startswith("An unexpected error")


def test_jobs_of_a_dead_process_are_told_as_failed_and_not_run_again(bench):
    bench.put("J-queued")
    bench.launch("J-running")
    assert bench.begun.wait(10)
    after_restart = bench.make()
    assert after_restart.recover() == 2
    for id in ("J-queued", "J-running"):
        shown = after_restart.render(bench.store.get("job", id), "zh")
        assert shown["state"] == "failed"
        assert "重启" in shown["message"]
    after_restart.launch(bench.store.get("job", "J-queued"))
    assert bench.state("J-queued") == "failed"
    after_restart.close()


def test_a_job_that_loses_the_store_is_told_as_failed_when_the_store_is_back(bench):
    def lose(control: JobControl) -> dict[str, object]:
        bench.begun.set()
        raise StoreUnavailable("gone")

    bench.jobs._works["plan"] = lose
    bench.launch("J-1")
    bench.until("J-1", "failed")
    assert "数据存储中断" in bench.jobs.render(bench.store.get("job", "J-1"), "zh")["message"]
