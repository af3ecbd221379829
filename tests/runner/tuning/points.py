"""A search over a small registered task that trains in milliseconds, without Ray's processes."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from runner.store import reader
from runner.studies import load
from runner.sweep.environment import prepare
from runner.trial.run import Workplace, run_trial
from tasks.base import Task, TaskData
from tests.runner.small_network import small_task

prepare(None)  # a search does so; what Ray reads from the environment is there before any module's test begins

STUDY = """\
name: points-study
tasks: [points]
models: [small]
methods: [imp-ft, rp-ai]
sparsities: [0.5]
seeds: [3, 4]
training: {epochs: 1, batch_size: 16, learning_rate: 0.02}
tuning: {epochs: [1, 3], learning_rate: [1.0e-3, 5.0e-2], scale: log, budget: 4}
record: {splits: [train, test], el2n: true}
"""


def task_of(data: TaskData) -> Task:
    """A registered task with these examples."""
    return Task(
        name="points",
        title="points",
        kind=data.kind,
        inputs="image",
        classes=data.classes,
        sizes=None,
        max_tokens=1,
        needs_data=False,
        source="this test",
        licence="none",
        reference="this test",
        load=lambda _: data,
    )


def with_test_labels(shift: int) -> TaskData:
    """The small task, the labels of its test split moved on by so many classes."""
    data = small_task()
    moved = pc.if_else(pc.equal(data.examples["split"], "test"), shift, 0).cast(pa.int16())
    values = [(label + by) % 3 for label, by in zip(data.examples["label"].to_pylist(), moved.to_pylist(), strict=True)]
    place = data.examples.column_names.index("label")
    examples = data.examples.set_column(place, "label", pa.array(values, pa.int16()))
    return TaskData(
        task=data.task,
        kind=data.kind,
        inputs=data.inputs,
        classes=data.classes,
        max_tokens=1,
        examples=examples,
    )


def study_in(folder: Path, *words: str):
    """The study of the points, from a file."""
    path = folder / "points.yaml"
    path.write_text(STUDY)
    return load(str(path), list(words))


class InThisProcess:
    """Stands for Ray: runs jobs one after another, at most so many, then ends as if a signal had come."""

    def __init__(self, most: int = 1000, fails: str = "") -> None:
        self.most = most
        self.fails = fails
        self.ran: list[str] = []

    @contextmanager
    def joined(self, study, jobs, placement, root, stop):
        """There is always room; with nothing to run, the signal comes before anything does."""
        if not self.most:
            stop.ask("SIGINT")
        yield

    def __call__(self, study, jobs, session, execution, progress, stop) -> None:
        from runner.store.writer import record_failure

        root = session.layout.root
        for job in jobs[: self.most]:
            self.ran.append(job.spec.model)
            if job.spec.model == self.fails:
                record_failure(root, job.trial_id, 1, "Traceback\nRuntimeError: out of memory")
                continue
            workplace = Workplace(root=root, cache=root.parent / "cache", device="cpu")
            data = reader.task_data(root, job.spec.task)
            run_trial(job.spec, workplace=workplace, data=data, keep_state=job.keep_state)
        if len(jobs) > self.most:
            stop.ask("SIGINT")
