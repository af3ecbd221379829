"""Ray Tune over a plan, with work that takes no time: order, failures, retries."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from runner.store import reader
from runner.store.layout import Layout
from runner.sweep.environment import prepare
from runner.sweep.jobs import TRAINED, Job, missing_jobs
from runner.sweep.stopping import StopRequest
from tests.runner.store import samples

prepare(None)

import ray  # noqa: E402

from runner.sweep.driver import Execution, cluster, drive  # noqa: E402
from runner.sweep.worker import Assignment  # noqa: E402

pytestmark = pytest.mark.cluster

TOLD = "what only workers may know"
CELLS = (("dense", 0.0), ("imp-ft", 0.5), ("imp-ft", 0.9), ("mp-ai", 0.5))


def commit_at_once(job: Job, assignment: Assignment) -> str:
    """Stands for a trial: checks that its parent is there, fails where it is told to, commits."""
    root = Path(assignment.root)
    assert os.environ["FSSPEC_TOLD"] == TOLD
    if (job.spec.method, job.spec.seed) == ("mp-ai", 1):
        raise ValueError("this trial always fails")
    if (job.spec.method, job.spec.seed) == ("dense", 2):
        raise ValueError("this parent always fails")
    if job.spec.method == "mp-ai" and job.spec.seed == 0 and not (root / "failed-once").exists():
        (root / "failed-once").touch()
        raise ValueError("this trial fails once")
    if job.spec.parent_id:
        assert (Layout(root).checkpoint(job.spec.parent_id) / TRAINED).exists()
        assert Layout(root).commit(job.spec.parent_id).exists()
    if job.keep_state:
        folder = Layout(root).checkpoint(job.trial_id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TRAINED).touch()
    samples.committed(root, job.spec)
    return "committed"


class Recorder:
    """Remembers what a watcher is told."""

    def __init__(self) -> None:
        self.endings: Counter[str] = Counter()
        self.causes: dict[str, str] = {}

    def started(self, job: Job) -> None:
        """Counted when it ends."""

    def ended(self, job: Job, ending: str) -> None:
        self.endings[ending] += 1

    def died(self, trial_id: str, cause: str) -> None:
        self.causes[trial_id] = cause


def test_failures_are_retried_then_recorded_while_the_others_go_on(tmp_path: Path) -> None:
    """One trial that fails once commits; one that always fails is recorded with its traceback and attempts; a failed
    parent's children do not start; everything else commits, and parents' states are gone in the end. Workers
    are told how to reach the store, and no file of Ray's is."""
    specs = [samples.spec(method, sparsity, seed) for seed in range(3) for method, sparsity in CELLS]
    recorder = Recorder()
    assignment = Assignment(root=str(tmp_path), cache=str(tmp_path), threads=1, stop_file=str(tmp_path / "stop"))
    execution = Execution(
        needs=lambda job: (1.0, 0.0), retries=1, work=commit_at_once, environment={"FSSPEC_TOLD": TOLD}
    )
    with cluster(None, cpus=2):
        drive(missing_jobs(specs, tmp_path), assignment, execution, recorder, StopRequest(1.0))
        session = Path(vars(ray._private.worker)["_global_node"].get_session_dir_path())
        logs = [path.read_bytes() for path in session.rglob("*") if path.is_file()]
    assert logs
    assert not [log for log in logs if TOLD.encode() in log]
    missing = {spec.trial_id: spec for spec in specs if spec.trial_id not in reader.committed_ids(tmp_path)}
    assert Counter((spec.method, spec.seed) for spec in missing.values()) == {
        ("mp-ai", 1): 1,
        ("dense", 2): 1,
        ("imp-ft", 2): 2,
    }
    failures = reader.failures(tmp_path)
    assert {missing[trial_id].coordinates[2::2] for trial_id in failures} == {("mp-ai", 1), ("dense", 2)}
    assert {failure["attempts"] for failure in failures.values()} == {2}
    assert all("always fails" in failure["traceback"] for failure in failures.values())
    assert recorder.endings == {"committed": 8, "failed": 2, "retried": 3}
    assert set(failures) < set(recorder.causes)
    assert len(recorder.causes) == 3
    assert list(Layout(tmp_path).checkpoints.iterdir()) == []
