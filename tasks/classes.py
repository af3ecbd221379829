"""The classes of a user's own task: which labels are one class, which are doubtful, which cannot be meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tasks.base import SPLITS, Split, TaskError
from tasks.spelling import in_order, respelled

MOST_CLASSES = 32767
MOST_FRACTIONS = 20
"""More different fractions than a scale of classes has: a number that is measured or averaged."""
FRACTION = r"[+-]?\d*\.\d*[1-9]\d*"
MISSING = "-1"
"""How `datasets` and GLUE write a label that is not published."""
RARE = 0.05
SHOWN = 5

Counts = dict[str, dict[Split, int]]
"""Label -> split -> how often it is given there."""


@dataclass(frozen=True, kw_only=True)
class Classes:
    """The classes in index order, every split's labels as indices, and what is doubtful, a sentence each."""

    names: tuple[str, ...]
    indices: Mapping[Split, pa.Array]
    warnings: tuple[str, ...]


def classes_of(task: str, labels: Mapping[Split, pa.Array], declared: tuple[str, ...] | None) -> Classes:
    """The classes that these labels name: strings, or lists of strings where examples have several.

    declared: the classes in index order, where the source lists them. Numbers and truth values are one class however
    they are spelled. TaskError for labels that cannot be meant as they stand: with them a network answers what no
    test example is, or nothing is learned.
    """
    respelling = {} if declared else respelled(_counts(labels))
    plain = {split: _renamed(names, respelling) for split, names in labels.items()}
    counts = _counts(plain)
    names = declared or tuple(in_order(counts))
    if not 2 <= len(names) <= MOST_CLASSES:
        shown = ", ".join(names[:3])
        raise TaskError(f"task '{task}' has {len(names)} classes ({shown}); it needs 2 to {MOST_CLASSES}")
    if declared is None:
        _refuse_hidden(task, counts)
        refuse_measures(task, counts, "say kind: regression to predict it")
        _refuse_other_case(task, counts)
    doubts = [*_spellings(respelling, _counts(labels)), *_doubts(counts, is_declared=declared is not None)]
    indices = {split: _indices(one, names) for split, one in plain.items()}
    return Classes(names=names, indices=indices, warnings=(*doubts, *_repeats(plain)))


def _counts(labels: Mapping[Split, pa.Array]) -> Counts:
    result: Counts = {}
    for split in SPLITS:
        if split in labels:
            values = labels[split].flatten() if pa.types.is_list(labels[split].type) else labels[split]
            for row in pc.value_counts(values).to_pylist():
                result.setdefault(row["values"], {})[split] = row["counts"]
    return result


def _renamed(labels: pa.Array, respelling: Mapping[str, str]) -> pa.Array:
    if not respelling:
        return labels
    if pa.types.is_list(labels.type):
        return pa.ListArray.from_arrays(labels.offsets, _renamed(labels.values, respelling))
    written, classes = pa.array([*respelling], pa.string()), pa.array([*respelling.values()], pa.string())
    return pc.coalesce(classes.take(pc.index_in(labels, written)), labels)


def _indices(labels: pa.Array, names: tuple[str, ...]) -> pa.Array:
    known = pa.array(names)
    if not pa.types.is_list(labels.type):
        return pc.index_in(labels, known).cast(pa.int16())
    numbers = pa.ListArray.from_arrays(labels.offsets, pc.index_in(labels.values, known))
    return pa.array([sorted(set(row)) for row in numbers.to_pylist()], pa.list_(pa.int16()))


def _refuse_hidden(task: str, counts: Counts) -> None:
    """A split whose only label is -1, while others have more, was published without its labels."""
    for split in SPLITS:
        given = {label for label, by_split in counts.items() if split in by_split}
        if given == {MISSING} and len(counts) > 1:
            raise TaskError(
                f"task '{task}': all {counts[MISSING][split]} labels of {split} are -1, by which GLUE and `datasets` "
                "mark labels that are not published; take a labelled part, such as GLUE's dev"
            )


def refuse_measures(task: str, labels: Iterable[str], advice: str) -> None:
    """TaskError for more labels that are fractions than a scale of classes has; advice: how to predict them."""
    fractions = [label for label in labels if re.fullmatch(FRACTION, label)]
    if len(fractions) > MOST_FRACTIONS:
        raise TaskError(
            f"task '{task}' has {len(fractions)} labels that are fractions, such as {', '.join(fractions[:SHOWN])}: "
            f"this is a measure, not a class; {advice}, or cut it into classes, such as below and above its median"
        )


def _refuse_other_case(task: str, counts: Counts) -> None:
    """A class that train does not have but for upper and lower case, so that no answer to it could be right."""
    learned = {label.casefold(): label for label, by_split in counts.items() if "train" in by_split}
    for label, by_split in counts.items():
        known = learned.get(label.casefold())
        if known is not None and "train" not in by_split:
            raise TaskError(
                f"task '{task}': {_told(label, by_split)}, and train has '{known}' instead "
                f"({counts[known]['train']}); write both alike"
            )


def _spellings(respelling: Mapping[str, str], counts: Counts) -> list[str]:
    groups: dict[str, list[str]] = {}
    for label in sorted(respelling):
        if label in counts:
            groups.setdefault(respelling[label], []).append(_told(label, counts[label]))
    return [f"one class, {name}: {'; '.join(told)}" for name, told in groups.items()]


def _doubts(counts: Counts, *, is_declared: bool) -> list[str]:
    total = sum(sum(by_split.values()) for by_split in counts.values())
    unlearned = [label for label, by_split in counts.items() if "train" not in by_split]
    doubts = []
    if unlearned:
        told = "; ".join(_told(label, counts[label]) for label in unlearned[:SHOWN])
        doubts.append(f"{len(unlearned)} classes that train does not have, and no network can learn: {told}")
    missing = sum(counts.get(MISSING, {}).values())
    if not is_declared and 0 < missing < RARE * total:
        doubts.append(f"{_told(MISSING, counts[MISSING])}, of {total} labels: a class, or labels that are missing?")
    alike: dict[str, list[str]] = {}
    for label in counts:
        alike.setdefault(label.casefold(), []).append(label)
    for labels in alike.values():
        if len(labels) > 1:
            told = "; ".join(_told(one, counts[one]) for one in sorted(labels))
            doubts.append(f"classes that differ in upper and lower case alone: {told}")
    single = sum(sum(by_split.values()) == 1 for by_split in counts.values())
    if len(counts) > MOST_FRACTIONS and 2 * single > len(counts):
        doubts.append(f"{single} of {len(counts)} classes have one example each: is this the column of the label?")
    return doubts


def _repeats(labels: Mapping[Split, pa.Array]) -> list[str]:
    """Lists that name a class twice count it once."""
    doubts = []
    for split, lists in labels.items():
        if pa.types.is_list(lists.type):
            repeated = [row for row, names in enumerate(lists.to_pylist(), start=1) if len(set(names)) < len(names)]
            if repeated:
                doubts.append(
                    f"{split}: {len(repeated)} rows name a class twice, the first row {repeated[0]}; it counts once"
                )
    return doubts


def _told(label: str, by_split: Mapping[Split, int]) -> str:
    return f"{label!r} ({', '.join(f'{count} in {split}' for split, count in by_split.items())})"
