"""Everything that is ever added to a store."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runner.extras import Gathered
from runner.spec import TrialSpec
from runner.store.card import write_down
from runner.store.compaction import compacted
from runner.store.errors import StoreError
from runner.store.extra_files import discard_extras, write_extras
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.reader import plan_name, plan_names, refuse_newer_layout, task_card
from runner.store.rows import canonical, in_memory, rows_hash, write_parquet
from runner.store.schema import CommitRecord, DataFile, Facts, Failure, FrozenPlan, PlannedTrial, TaskCard
from runner.store.sealing import sealed
from runner.store.time_now import time_now
from tasks.base import SPLITS, TaskData


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a set of rows is the result of."""

    trial_id: str
    parent_id: str | None = None
    settings: dict[str, Any]
    origin: Literal["trial", "ingested"] = "trial"


def commit(
    root: Path, spec: TrialSpec, rows: pa.Table, facts: Facts, extras: Mapping[str, Gathered] | None = None
) -> CommitRecord | None:
    """Make one finished trial visible, exactly once; None if another attempt was first, and nothing changed.

    extras: what it keeps beside its rows, by name; exactly those that its spec asks for.
    """
    if sorted(extras or {}) != sorted(spec.record.extras):
        raise ValueError(f"trial {spec.trial_id} keeps {sorted(spec.record.extras)}; {sorted(extras or {})} were given")
    subject = Subject(trial_id=spec.trial_id, parent_id=spec.parent_id, settings=spec.settings())
    return commit_rows(root, subject, rows, facts, extras)


def commit_rows(
    root: Path, subject: Subject, rows: pa.Table, facts: Facts, extras: Mapping[str, Gathered] | None = None
) -> CommitRecord | None:
    """Write rows and extras under names no other attempt has, then the commit record that names them.

    Until the record exists nobody sees them; the record is created exclusively, so a late writer (a lost node's
    worker that lives on) changes nothing.
    """
    layout = Layout(root)
    trial_id = subject.trial_id
    base = compacted.latest(layout)
    if layout.commit(trial_id).exists() or trial_id in base.trial_ids:
        return None
    attempt = uuid.uuid4().hex[:12]
    table = canonical(rows, trial_id)
    path = layout.data / f"{trial_id}.{attempt}.parquet"
    file = write_parquet(table, path, root)
    kept = write_extras(root, trial_id, attempt, extras or {})
    counts = pc.value_counts(table["split"])
    record = CommitRecord(
        trial_id=trial_id,
        parent_id=subject.parent_id,
        attempt=attempt,
        origin=subject.origin,
        settings=subject.settings,
        files=(file,),
        rows={str(entry["values"]): entry["counts"].as_py() for entry in counts},
        rows_sha256=rows_hash(table),
        facts=facts,
        host=socket.gethostname(),
        committed_at=time_now(),
        before=base.described,
        extras=kept,
    )
    content = sealed(record.model_dump_json(exclude_defaults=True).encode())
    if not storage(root).create(layout.commit(trial_id), content):
        _withdraw(path)
        discard_extras(root, kept)
        return None
    folded = compacted.folded_record(layout, trial_id)
    if folded is not None and folded.attempt != attempt:
        # The name was free because a compaction had folded another attempt's record: ours is void, nobody has seen it.
        _withdraw(layout.commit(trial_id))
        _withdraw(path)
        discard_extras(root, kept)
        return None
    _withdraw(layout.failure(trial_id))
    return record


def _withdraw(path: Path) -> None:
    """Remove what a commit has made superfluous; if that fails it stays for `runner.store.leftovers`."""
    with contextlib.suppress(OSError):
        storage(path).discard(path)


def save_task(root: Path, data: TaskData) -> None:
    """Keep a task's examples in the store; StoreError if it holds other data under this name, or has a newer layout.

    A task that is there is from now on scored by the metrics of this one, BLEURT always with one checkpoint.
    """
    layout = Layout(root)
    refuse_newer_layout(root)
    counts = {split: data.split(split).num_rows for split in SPLITS}
    existing = layout.task_card(data.task)
    if existing.exists():
        held = task_card(root, data.task)
        if held.fingerprint != data.fingerprint:
            raise StoreError(
                f"the store at {root} holds other data for task '{data.task}' (fingerprint {held.fingerprint}, "
                f"given {data.fingerprint}); use another store, or another name for the task"
            )
        refuse_other_bleurt(root, held, data)
        scored = held.model_copy(update={"metrics": data.metrics, "bleurt": data.bleurt or held.bleurt})
        if scored != held:
            storage(existing).replace(existing, _card_bytes(scored))
        return
    storage(root).require_exclusive_creation(root)
    path = layout.task_examples(data.task)
    content = _examples_kept(path, data)
    card = TaskCard(
        task=data.task,
        kind=data.kind,
        inputs=data.inputs,
        classes=data.classes,
        max_tokens=data.max_tokens,
        fingerprint=data.fingerprint,
        splits={split: count for split, count in counts.items() if count},
        metrics=data.metrics,
        images=data.images,
        bleurt=data.bleurt,
        examples=DataFile(
            path=path.relative_to(root).as_posix(),
            rows=data.examples.num_rows,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        ),
    )
    write_down(layout)
    # The card is written last: its existence means the examples are complete.
    storage(existing).create(existing, _card_bytes(card))
    write_down(layout)


def refuse_other_bleurt(root: Path, held: TaskCard, data: TaskData) -> None:
    """StoreError if a task's texts were scored by another checkpoint of BLEURT: means would be of both."""
    if held.bleurt and data.bleurt and held.bleurt.sha256 != data.bleurt.sha256:
        raise StoreError(
            f"{root} has BLEURT of task '{data.task}' by another checkpoint ({held.bleurt.folder}, SHA-256 "
            f"{held.bleurt.sha256[:12]}; {data.bleurt.folder} is {data.bleurt.sha256[:12]}); give that one, or use "
            "another store"
        )


def _card_bytes(card: TaskCard) -> bytes:
    return sealed(card.model_dump_json(indent=1, exclude_defaults=True).encode())


def _examples_kept(path: Path, data: TaskData) -> bytes:
    """Put a task's examples at the path; the bytes that lie there then.

    Of two writers at once both leave what the first one wrote, so that either's card names it.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(data.examples, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    if storage(path).create(path, content):
        return content
    with contextlib.suppress(pa.ArrowException, StoreError):
        held = storage(path).read(path)
        if pq.ParquetFile(in_memory(held)).read().equals(data.examples):
            return held
    # Other bytes: what a power cut left.
    storage(path).replace(path, content)
    return content


def freeze_plan(root: Path, study: Mapping[str, Any], specs: Sequence[TrialSpec]) -> None:
    """Keep a resolved study with the trials it plans; the same study again changes nothing."""
    plan = FrozenPlan(
        study=dict(study),
        trials=tuple(
            PlannedTrial(
                trial_id=spec.trial_id,
                parent_id=spec.parent_id,
                task=spec.task,
                model=spec.model,
                method=spec.method,
                sparsity=spec.sparsity,
                seed=spec.seed,
                canary=spec.canary,
            )
            for spec in sorted(specs, key=lambda spec: (*spec.coordinates, spec.canary))
        ),
    )
    content = plan.model_dump(mode="json", exclude_defaults=True)
    path = Layout(root).plans / f"{plan_name(content)}.json"
    content["frozen_at"] = time_now()
    if before := plan_names(root):
        content["before"] = before
    storage(path).create(path, sealed(json.dumps(content, sort_keys=True).encode()))
    write_down(Layout(root))


def record_failure(root: Path, trial_id: str, attempt: int, traceback: str) -> None:
    """Keep the traceback of a trial that failed; a later commit of the trial removes it."""
    failure = Failure(
        trial_id=trial_id,
        attempts=attempt,
        traceback=traceback.encode(errors="backslashreplace").decode(),  # a lone surrogate has no UTF-8
        host=socket.gethostname(),
        failed_at=time_now(),
    )
    storage(root).replace(Layout(root).failure(trial_id), sealed(failure.model_dump_json(indent=1).encode()))
