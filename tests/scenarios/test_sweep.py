"""Sweeps: the same results whoever works, what is done is not done again, and a worker may die."""

from __future__ import annotations

import pytest

from scenarios.errors import ScenarioCancelled, ScenarioError, WorkerLost
from scenarios.sweep import InTurn, Processes, RayCluster, ResultFolder, sweep, sweep_digest
from tests.scenarios.tasks import die_always, die_once, refuse, square


def test_processes_give_the_same_bytes_as_one_process():
    alone = sweep(square, range(9), executor=InTurn())
    together = sweep(square, range(9), executor=Processes(2))
    assert sweep_digest(alone) == sweep_digest(together)
    assert [result["square"] for result in together] == [n * n for n in range(9)]


def test_what_is_there_is_not_done_again(tmp_path):
    folder = ResultFolder(tmp_path)
    first = sweep(square, [1, 2], executor=InTurn(), folder=folder)
    told = []
    again = sweep(refuse, [1, 2], executor=InTurn(), folder=folder, on_done=lambda n, _: told.append(n))
    assert again == first
    assert told == [0, 1]
    with pytest.raises(RuntimeError, match="called for 3"):
        sweep(refuse, [1, 3], executor=InTurn(), folder=folder)


def test_a_worker_may_die(tmp_path):
    tasks = [(number, str(tmp_path)) for number in range(5)]
    results = sweep(die_once, tasks, executor=Processes(2), folder=ResultFolder(tmp_path / "results"))
    assert (tmp_path / "died").exists()
    assert [result["number"] for result in results] == list(range(5))


def test_a_task_that_kills_every_worker_is_given_up():
    with pytest.raises(WorkerLost, match="task 0"):
        sweep(die_always, [1], executor=Processes(1))


def test_a_sweep_can_be_taken_back():
    with pytest.raises(ScenarioCancelled):
        sweep(square, range(3), executor=InTurn(), should_cancel=lambda: True)
    with pytest.raises(ScenarioCancelled):
        sweep(square, range(3), executor=Processes(1), should_cancel=lambda: True)


def test_an_error_of_a_task_is_passed_on():
    with pytest.raises(RuntimeError, match="called for 1"):
        sweep(refuse, [1], executor=Processes(1))
    with pytest.raises(ValueError, match="workers"):
        Processes(0)


def test_without_ray_the_cluster_says_what_to_install(monkeypatch):
    def missing(_name: str) -> object:
        raise ModuleNotFoundError

    monkeypatch.setattr("scenarios.sweep.import_module", missing)
    with pytest.raises(ScenarioError, match="cluster"):
        RayCluster()
