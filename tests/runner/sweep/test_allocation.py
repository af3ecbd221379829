"""What an allocation says of its end, and what a driver makes of it."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from pathlib import Path

import pytest
from ray.tune.search import Searcher

from runner.spec import TrialSpec
from runner.store.schema import Facts
from runner.store.writer import commit
from runner.sweep.allocation import Allocation, AllocationError
from runner.sweep.checkpoint_times import CheckpointTimes
from runner.sweep.jobs import Job, Queue
from runner.sweep.node_arrival import await_nodes
from runner.sweep.searcher import PlanSearcher
from runner.sweep.stopping import OUT_OF_TIME, StopRequest, stop_on_signals
from runner.training import Training
from tests.runner.store import samples

SLURM = {"SLURM_JOB_ID": "12", "SLURM_RESTART_COUNT": "1", "SLURM_JOB_NUM_NODES": "16"}


class Silent:
    """Watches nothing."""

    def started(self, job: Job) -> None: ...

    def ended(self, job: Job, ending: str) -> None: ...

    def died(self, trial_id: str, cause: str) -> None: ...


def job(seed: int, model: str = "net", epochs: int = 2) -> Job:
    """A dense job."""
    training = Training(epochs=epochs, batch_size=8, learning_rate=0.1)
    spec = TrialSpec(
        task="t", data="f", model=model, architecture="convnet", method="dense", seed=seed, training=training
    )
    return Job(spec)


def test_an_allocation_is_read_from_the_environment() -> None:
    """Its deadline, the file that warns, and, after a requeue, that it is a second start."""
    found = Allocation.of({**SLURM, "PIESWEEP_DEADLINE": "1700000000", "PIESWEEP_STOP_FILE": "/x/stop"})
    assert found.deadline == 1_700_000_000
    assert found.stop_file == Path("/x/stop")
    assert found.facts == {"slurm_job": 12, "slurm_restarts": 1, "slurm_nodes": 16}
    assert Allocation.of({}) == Allocation()


def test_nodes_are_waited_for_where_it_is_said_how_long() -> None:
    """A number of nodes and of seconds give a time until when; one without the other means no waiting."""
    found = Allocation.of({"PIESWEEP_NODES": "16", "PIESWEEP_JOIN_SECONDS": "600"})
    assert found.nodes == 16
    assert found.join_by == pytest.approx(time.time() + 600, abs=60)
    assert Allocation.of({"PIESWEEP_NODES": "16"}).join_by is None
    assert Allocation.of({"PIESWEEP_JOIN_SECONDS": "600"}).join_by is None


@pytest.mark.parametrize(
    ("variable", "given", "allowed"),
    [
        ("PIESWEEP_DEADLINE", "noon", "a Unix time in seconds"),
        ("PIESWEEP_DEADLINE", "nan", "a Unix time in seconds"),
        ("PIESWEEP_NODES", "1.5", "a whole number"),
        ("PIESWEEP_JOIN_SECONDS", "-1", "a number of seconds"),
    ],
)
def test_what_cannot_be_read_is_refused(variable: str, given: str, allowed: str) -> None:
    """The message names the variable, what was given and what it must be."""
    with pytest.raises(AllocationError, match=f"{variable} is '{given}'; it must be {allowed}, or unset"):
        Allocation.of({variable: given})


def waited_for(counts: list[int], stop: StopRequest) -> int:
    """How often a driver looks at how many nodes there are, if it finds so many, the last of them for ever."""
    looks = [0]

    def present() -> int:
        looks[0] += 1
        return counts[min(looks[0], len(counts)) - 1]

    await_nodes(stop, present)
    return looks[0]


def test_a_driver_waits_until_its_nodes_are_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It looks again and again until three are, and says what for; without a word of nodes it waits for none."""
    monkeypatch.setattr("runner.sweep.node_arrival.LOOK_SECONDS", 0.001)
    monkeypatch.setattr("runner.sweep.node_arrival.WORD_SECONDS", 0.0)
    stop = StopRequest(1.0, Allocation(nodes=3, join_by=time.time() + 60))
    assert waited_for([0, 1, 1, 3], stop) == 4
    said = capsys.readouterr().err.splitlines()
    assert said[0].endswith(" s for the cluster's nodes with CPUs or GPUs, 3 in all")
    assert said[1:] == [f"piesweep: {count} of 3 nodes have joined" for count in (1, 1, 3)]
    assert waited_for([0], StopRequest(1.0)) == 0


def test_waiting_for_nodes_ends_with_its_time_or_a_stop(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What is there when the time is over is what there is; a stop, here by the batch system's file, is heard."""
    monkeypatch.setattr("runner.sweep.node_arrival.LOOK_SECONDS", 0.001)
    waited_for([2], StopRequest(1.0, Allocation(nodes=3, join_by=time.time() + 0.05)))
    assert "2 of 3 nodes have joined; going on with them" in capsys.readouterr().err
    (tmp_path / "warned").touch()
    stop = StopRequest(1.0, Allocation(nodes=3, join_by=time.time() + 60, stop_file=tmp_path / "warned"))
    waited_for([2], stop)
    stop.settle()
    assert stop.signal_name == "SIGUSR1"
    assert "going on" not in capsys.readouterr().err


def test_a_warning_before_anyone_listened_counts(tmp_path: Path) -> None:
    """The file that the batch script made while the driver still started asks for the stop."""
    (tmp_path / "warned").touch()
    with stop_on_signals(60, Allocation(stop_file=tmp_path / "warned")) as (stop, _):
        assert stop.signal_name == "SIGUSR1"


def test_a_warning_never_insists(tmp_path: Path) -> None:
    """File and signal tell of the same warning: the second of them takes no patience away."""
    (tmp_path / "warned").touch()
    with stop_on_signals(60, Allocation(stop_file=tmp_path / "warned")) as (stop, _):
        os.kill(os.getpid(), signal.SIGUSR1)
        assert not stop.insists


def test_after_a_warning_patience_lasts_until_the_deadline() -> None:
    """Grace of a twentieth of a second is for people; a batch system has said how long there is."""
    with stop_on_signals(0.05, Allocation(deadline=time.time() + 60)) as (stop, _):
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(0.2)
        assert stop
        assert not stop.insists


def test_insisting_reaches_ray_tunes_own_handler() -> None:
    """Ray Tune's handler is set aside while there is patience, and called when there is none."""
    heard: list[int] = []
    with stop_on_signals(60) as (stop, _):
        signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
        stop.listen()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert (stop.signal_name, heard) == ("SIGUSR1", [])
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)
    assert heard == [signal.SIGUSR1]


def test_pace_is_the_slowest_epoch_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two epochs in 20 s are 10 s to a checkpoint; a faster one later changes nothing; other models are unknown."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    pace = CheckpointTimes()
    for seed, seconds in ((0, 20.0), (1, 8.0)):
        pace.started(job(seed))
        now[0] += seconds
        pace.succeeded(job(seed))
    assert pace.to_checkpoint(job(5)) == 10.0
    assert pace.to_checkpoint(job(5, model="other")) == 0.0


def test_pace_knows_what_trials_of_the_store_took(tmp_path: Path) -> None:
    """Two epochs in 60 s are 30 s each, in a later session too, and so are two more in 60 s after a parent's two; of
    unmeasured trials nothing is known, nor of a store that cannot be read."""
    commit_after(tmp_path, 9, 20.0)
    commit_after(tmp_path, 10, 60.0)
    commit_after(tmp_path, 11, None, model="other")
    child = dataclasses.replace(job(10, "child").spec, method="imp-ft", sparsity=0.5)
    assert child.parent_id
    assert commit(tmp_path, child, samples.rows(), Facts(achieved_sparsity=0.5, epochs=4, seconds=60.0))
    pace = CheckpointTimes.of_store(tmp_path)
    assert pace.to_checkpoint(job(5)) == 30.0
    assert pace.to_checkpoint(job(5, model="child")) == 30.0
    assert pace.to_checkpoint(job(5, model="other")) == 0.0
    assert CheckpointTimes.of_store(tmp_path / "nowhere").to_checkpoint(job(5)) == 0.0
    next((tmp_path / "commits").iterdir()).write_text("{")
    assert CheckpointTimes.of_store(tmp_path).to_checkpoint(job(5)) == 0.0


def commit_after(root: Path, seed: int, seconds: float | None, model: str = "net") -> None:
    """Commit a trial of two epochs that took so long."""
    assert commit(root, job(seed, model).spec, samples.rows(), Facts(achieved_sparsity=0, epochs=2, seconds=seconds))


def searcher(tmp_path: Path, jobs: list[Job], seconds_left: float, room: int = 100) -> PlanSearcher:
    """A searcher whose allocation ends soon, over a store in which an epoch of `net` took 30 seconds."""
    commit_after(tmp_path, 99, 60.0)
    stop = StopRequest(1.0, Allocation(deadline=time.time() + seconds_left, stop_file=tmp_path / "warned"))
    return PlanSearcher(Queue.of(jobs, tmp_path), Silent(), stop, retries=0, room=lambda: room)


def test_work_that_cannot_reach_a_checkpoint_is_not_handed_out(tmp_path: Path) -> None:
    """With ten seconds left, the fast model's trial still starts, the slow one's does not, and that is a stop, of
    which the allocation's file tells whoever would start the command again."""
    made = searcher(tmp_path, [job(0), job(1, model="fast")], seconds_left=10)
    assert '"fast"' in made.suggest("a")["job"]
    assert made.suggest("b") is None
    assert not made.stop
    assert not (tmp_path / "warned").exists()
    made.on_trial_complete("a", {"ending": "committed"})
    assert made.suggest("b") == Searcher.FINISHED
    assert made.stop.signal_name == OUT_OF_TIME
    assert (tmp_path / "warned").exists()
    made.stop.settle()


def test_no_more_is_handed_out_than_fits(tmp_path: Path) -> None:
    """The second trial waits for the first, or for a node that joins."""
    made = searcher(tmp_path, [job(0), job(1), job(2)], seconds_left=600, room=1)
    assert made.suggest("a")
    assert made.suggest("b") is None
    made.room = lambda: 2
    assert made.suggest("b")
    assert made.suggest("c") is None


def test_with_time_enough_work_goes_on_in_order(tmp_path: Path) -> None:
    """A minute is enough for an epoch of half a minute."""
    made = searcher(tmp_path, [job(0), job(1, model="fast")], seconds_left=60)
    assert '"net"' in made.suggest("a")["job"]


def test_a_warning_is_heard_when_the_next_job_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file alone, without a signal: what runs is asked to stop, and nothing follows."""
    monkeypatch.setattr("runner.sweep.searcher.WARNING_SECONDS", 0.0)
    made = searcher(tmp_path, [job(0), job(1)], seconds_left=600)
    assert made.suggest("a")
    (tmp_path / "warned").touch()
    assert made.suggest("b") is None
    made.stop.settle()
    assert made.stop.signal_name == "SIGUSR1"
