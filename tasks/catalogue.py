"""The tasks of a study: found by name or made of the user's files, checked, limited, cached and described."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks import TASKS, files
from tasks.base import SPLITS, Split, Task, TaskChoice, TaskData, TaskError
from tasks.bleurt import BLEURT
from tasks.bleurt_folder import NEEDS, checkpoint_in
from tasks.cache import cached, file_stamps
from tasks.choices import check_reading, metrics_of, stride_of
from tasks.examples import split_sizes
from tasks.kinds.single_label import PART
from tasks.lengths import statistics, token_counts
from tasks.meteor import require_meteor
from tasks.metric_choice import BY_PART, METEOR, check_metrics, chosen
from tasks.splitting import scrambled, stratified_subset
from tasks.statistics import counted_statistics, declared_statistics
from tasks.tabular import nearest

OF_ANY_TASK = ("name", "data", "limit", "max_tokens", "stride", "beams", "metrics", "bleurt", "validation")
"""The fields of a choice that a registered task may have."""


def task_named(name: str) -> Task:
    """The registered task of that name; TaskError with the known names and the nearest one."""
    if name not in TASKS:
        raise TaskError(
            f"unknown task '{name}'; known: {', '.join(TASKS)}{nearest(name, list(TASKS))} "
            "A task of your own gives train and test files, or dataset, with text and label"
        )
    return TASKS[name]


def may_be_passed_on(name: str) -> bool:
    """Whether the licence of a task's data allows to pass them on; a task of a user's own is theirs to judge."""
    return name not in TASKS or TASKS[name].may_be_passed_on


def is_own(choice: TaskChoice) -> bool:
    """True for a task of the user's own: made of files or a `datasets` data set."""
    return any((choice.train, choice.validation, choice.test, choice.dataset))


def check(choice: TaskChoice) -> None:
    """What can be told without reading data: names, fields that fit together, files and their columns."""
    for split, limit in choice.limit.items():
        if limit < 1:
            raise TaskError(f"task '{choice.name}': limit of {split} is {limit}; it must be at least 1")
    check_reading(choice)
    if is_own(choice):
        if choice.name in TASKS:
            raise TaskError(f"'{choice.name}' is a registered task; give the task of your own files another name")
        files.check(choice)
        return
    _check_registered(choice, task_named(choice.name))


def _check_registered(choice: TaskChoice, task: Task) -> None:
    given = [name for name in TaskChoice.model_fields if name not in OF_ANY_TASK and getattr(choice, name)]
    if given:
        raise TaskError(
            f"task '{task.name}' is registered and takes no {', '.join(given)}; allowed: data, limit, max_tokens, "
            "stride, beams, metrics, bleurt, and validation: 0 where its validation split is a part of train"
        )
    if choice.validation == 0 and task.load_whole is None:
        raise TaskError(f"task '{task.name}': its validation split is no part of train; remove validation: 0")
    if choice.data is None and task.needs_data:
        raise TaskError(f"task '{task.name}' needs your copy: set data to {task.source}")
    if choice.data is not None:
        if not task.needs_data and task.hub is None:
            raise TaskError(f"task '{task.name}' fetches its own data; remove data: {choice.data}")
        if not Path(choice.data).exists():
            raise TaskError(f"task '{task.name}': data: {choice.data} does not exist; set data to {task.source}")


def open_task(choice: TaskChoice) -> TaskData:
    """The examples of a study's task: loaded once, then from the cache, cut to `limit`, with the choice's max_tokens.

    Raises TaskError if the choice is wrong or the data are not what the task declares.
    """
    check(choice)
    bleurt = None if choice.bleurt is None else checkpoint_in(choice.bleurt)
    key = _key(choice)

    def load() -> TaskData:
        return files.load(choice) if is_own(choice) else _load_registered(choice)

    if choice.dataset is not None and not Path(choice.dataset).exists():
        data = load()  # `datasets` keeps and renews its own copy; ours would not see a new revision
    elif choice.image is not None and choice.dataset is None:
        data = load()  # the table may name files of pictures, whose changes its own stamp does not tell
    else:
        data = cached(choice.name, key, load)
    if choice.limit:
        data = limited(data, choice.limit)
    return dataclasses.replace(
        data,
        max_tokens=choice.max_tokens or data.max_tokens,
        stride=stride_of(choice),
        metrics=_metrics(choice, data),
        bleurt=bleurt,
    )


def _metrics(choice: TaskChoice, data: TaskData) -> tuple[str, ...]:
    """Those of the study, else of the task; TaskError for one that its answers do not have."""
    metrics = metrics_of(choice)
    if not metrics and choice.metrics is None:
        return ()
    check_metrics(choice.name, data.kind, metrics, data.classes)
    if METEOR in metrics:
        require_meteor()
    if BLEURT in metrics and choice.bleurt is None:
        raise TaskError(
            f"task '{choice.name}': metric '{BLEURT}' is measured by a network; set bleurt to the folder of {NEEDS}"
        )
    if BY_PART in metrics and PART not in data.examples.column_names:
        raise TaskError(
            f"task '{choice.name}': {BY_PART} is a mean over the parts that a column '{PART}' names; add it"
        )
    return chosen(data.kind, metrics)


def planned_sizes(choice: TaskChoice) -> dict[Split, int]:
    """Examples per split, limits applied, as declared or counted; empty where only loading can tell."""
    check(choice)
    sizes = files.row_counts(choice) if is_own(choice) else task_named(choice.name).sizes_of(choice)
    return {split: min(size, choice.limit.get(split, size)) for split, size in sizes.items()}


def limited(data: TaskData, limit: dict[Split, int]) -> TaskData:
    """At most `limit[split]` examples per split, keeping their example_ids.

    Where an example has one class, each class has its share of the split, chosen by the hash of the example_id. Else
    that hash alone chooses. A split without a limit, or with fewer examples, stays whole.
    """
    sizes = split_sizes(data.examples)
    for split in limit:
        if split not in sizes:
            raise TaskError(f"task '{data.task}' has no split '{split}' to limit; it has {', '.join(sizes)}")
    parts = []
    for split, size in sizes.items():
        rows = data.split(split)
        if limit.get(split, size) < size:
            ids = rows["example_id"].to_numpy().astype(np.int64)
            if "label" in rows.column_names:
                chosen = stratified_subset(ids, rows["label"].to_numpy(), limit[split])
            else:
                chosen = np.sort(np.argsort(scrambled(ids), kind="stable")[: limit[split]])
            rows = rows.take(pa.array(chosen))
        parts.append(rows)
    examples = pa.concat_tables(parts).combine_chunks()
    return dataclasses.replace(data, examples=examples, fingerprint="")


def without_test(data: TaskData) -> TaskData:
    """The examples to learn from and to choose by; TaskError where the task has none to choose by."""
    sizes = split_sizes(data.examples)
    if not sizes.get("validation"):
        raise TaskError(
            f"task '{data.task}' has no validation examples, so that nothing can be chosen without looking at the test "
            f"split; it has {', '.join(sizes)}: bring a task of your own with a `validation` file"
        )
    kept = data.examples.filter(pc.is_in(data.examples["split"], pa.array(["train", "validation"])))
    return dataclasses.replace(data, examples=kept, fingerprint="")


def describe(name: str, data: Path | None = None) -> dict[str, Any]:
    """What is known of a registered task; with its data at hand also token statistics and what was really found.

    A task whose data must be brought, or would be downloaded through `datasets`, gives its declared facts alone
    until `data` is given.
    """
    task = task_named(name)
    card: dict[str, Any] = {
        "task": task.name,
        "title": task.title,
        **{split: (task.sizes or {}).get(split) for split in SPLITS},
        "classes": task.class_count,
        "class_names": list(task.classes) if task.classes else None,
        "kind": task.kind,
        "inputs": task.inputs,
        "metric": task.metric,
        "metrics": list(task.scored_by),
        "max_tokens": task.max_tokens,
        **({"stride": task.stride} if task.stride else {}),
        **({"beams": task.beams} if task.beams > 1 else {}),
        **({"published_metrics": list(task.published)} if task.published else {}),
        "needs_data": task.needs_data,
        "source": task.source,
        "licence": task.licence,
        "may_be_passed_on": task.may_be_passed_on,
        "reference": task.reference,
        "statistics": declared_statistics(task),
        "loaded": False,
    }
    if data is None and (task.needs_data or task.hub is not None):
        return card
    return card | _found(open_task(TaskChoice(name=name, data=None if data is None else str(data))))


def _found(data: TaskData) -> dict[str, Any]:
    sizes = split_sizes(data.examples)
    found: dict[str, Any] = {
        **{split: sizes.get(split, 0) for split in SPLITS},
        "classes": len(data.classes),
        "class_names": list(data.classes),
        "statistics": counted_statistics(data),
        "loaded": True,
        "fingerprint": data.fingerprint,
        "note": data.note,
    }
    if "labels" in data.examples.column_names:
        labels = pc.sum(pc.list_value_length(data.examples["labels"])).as_py()
        found["labels_per_example"] = round(labels / data.examples.num_rows, 3)
    if data.inputs != "image":
        found["tokens"] = statistics(token_counts(data.examples))
    return found


def _load_registered(choice: TaskChoice) -> TaskData:
    task = task_named(choice.name)
    load = task.load_whole if choice.validation == 0 and task.load_whole else task.load
    data = load(None if choice.data is None else Path(choice.data))
    sizes = split_sizes(data.examples)
    if task.sizes is not None and not data.note and sizes != dict(task.sizes):
        raise TaskError(
            f"task '{task.name}' has {sizes} examples, but declares {dict(task.sizes)}: the copy is not whole"
        )
    if len(data.classes) != task.class_count or (task.classes is not None and data.classes != task.classes):
        raise TaskError(
            f"task '{task.name}' has the classes {data.classes}, but declares {task.classes or task.class_count}"
        )
    return data


def _key(choice: TaskChoice) -> dict[str, Any]:
    """What the parsed examples depend on."""
    said = choice.model_dump(
        mode="json", exclude={"limit", "max_tokens", "stride", "beams", "metrics", "bleurt"}, exclude_defaults=True
    )
    given = [choice.data, choice.train, choice.validation, choice.test, choice.dataset]
    sources = {path: file_stamps(Path(path)) for path in given if isinstance(path, str) and Path(path).exists()}
    version = TASKS[choice.name].version if choice.name in TASKS else 1
    return {"choice": said, "version": version, "sources": sources}
