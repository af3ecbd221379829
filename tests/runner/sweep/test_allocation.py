"""What an allocation says of its end, and what a driver makes of it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from runner.spec import Training, TrialSpec
from runner.sweep.allocation import Allocation, AllocationError
from runner.sweep.jobs import Job, Queue
from runner.sweep.pace import Pace
from runner.sweep.searcher import PlanSearcher, Searcher
from runner.sweep.stopping import OUT_OF_TIME, StopRequest, stop_on_signals

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


def test_a_deadline_that_is_no_time_is_refused() -> None:
    """The message names the variable and what it must be."""
    with pytest.raises(AllocationError, match="PIESWEEP_DEADLINE is 'noon'; it must be a Unix time"):
        Allocation.of({"PIESWEEP_DEADLINE": "noon"})


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
    pace = Pace()
    for seed, seconds in ((0, 20.0), (1, 8.0)):
        pace.started(job(seed))
        now[0] += seconds
        pace.succeeded(job(seed))
    assert pace.to_checkpoint(job(5)) == 10.0
    assert pace.to_checkpoint(job(5, model="other")) == 0.0


def searcher(tmp_path: Path, jobs: list[Job], seconds_left: float) -> PlanSearcher:
    """A searcher whose allocation ends soon, and which has seen an epoch of `net` take 30 seconds."""
    stop = StopRequest(1.0, Allocation(deadline=time.time() + seconds_left))
    made = PlanSearcher(Queue.of(jobs, tmp_path), Silent(), stop, retries=0)
    made.pace._slowest["t", "net"] = 30.0
    return made


def test_work_that_cannot_reach_a_checkpoint_is_not_handed_out(tmp_path: Path) -> None:
    """With ten seconds left, the fast model's trial still starts, the slow one's does not, and that is a stop."""
    made = searcher(tmp_path, [job(0), job(1, model="fast")], seconds_left=10)
    assert '"fast"' in made.suggest("a")["job"]
    assert made.suggest("b") is None
    assert not made.stop
    made.on_trial_complete("a", {"ending": "committed"})
    assert made.suggest("b") == Searcher.FINISHED
    assert made.stop.signal_name == OUT_OF_TIME
    made.stop.settle()


def test_with_time_enough_work_goes_on_in_order(tmp_path: Path) -> None:
    """A minute is enough for an epoch of half a minute."""
    made = searcher(tmp_path, [job(0), job(1, model="fast")], seconds_left=60)
    assert '"net"' in made.suggest("a")["job"]
