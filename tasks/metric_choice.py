"""The metrics by which a task's answers are scored: those of its kind, or others that a study or the task chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pyarrow.compute as pc

from tasks.base import TaskError
from tasks.bleurt import BLEURT
from tasks.kinds import KINDS
from tasks.kinds.base import Codes, Kind
from tasks.kinds.single_label import PART, SingleLabel
from tasks.meteor import meteor
from tasks.tabular import nearest

F1_OF = "f1:"
"""Before the name of a class: the F1 of this class alone."""


BY_PART = "accuracy-by-part"
"""The mean of the accuracies of the parts of a split, which the examples' column PART names."""


METEOR = "meteor"
"""Meteor 1.5, and no other measure of that name."""


def _meteor(kind: Kind, gold: Codes, codes: Codes) -> float:
    return meteor(codes.tolist(), gold.tolist())


def _by_part(kind: Kind, gold: Codes, codes: Codes) -> float:
    if not isinstance(kind, SingleLabel) or kind.parts is None:
        raise TaskError(f"metric '{BY_PART}' needs a column '{PART}' of the examples")
    parts = np.asarray(pc.fill_null(kind.parts, "").to_pylist())
    return float(np.mean([np.mean(gold[parts == part] == codes[parts == part]) for part in np.unique(parts)]))


def _matthews(kind: Kind, gold: Codes, codes: Codes) -> float:
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(gold, codes))


def _micro_f1(kind: Kind, gold: Codes, codes: Codes) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(gold, codes, average="micro", zero_division=0))


Metric = Callable[[Kind, Codes, Codes], float]
"""What is said of the answers of a kind: of gold codes and codes one number."""

FURTHER: dict[str, dict[str, Metric]] = {
    "single-label": {"matthews": _matthews, BY_PART: _by_part},
    "multi-label": {"micro-f1": _micro_f1},
    "generation": {METEOR: _meteor},
}
"""Kind -> what may be chosen beside the kind's own metrics; 0 where scikit-learn says 0."""
BY_NETWORK: dict[str, tuple[str, ...]] = {"generation": (BLEURT,)}
"""Kind -> what may be chosen too, and what whoever has its network hands to `measured`."""
NO_NETWORKS: Mapping[str, Metric] = MappingProxyType({})
OF_ONE_CLASS = ("single-label",)
"""Kinds of which the F1 of one class may be chosen."""


def allowed(kind: str) -> list[str]:
    """The metrics that a task of this kind may choose, `f1:CLASS` standing for that of any of its classes."""
    return [*_named(kind), *([f"{F1_OF}CLASS"] if kind in OF_ONE_CLASS else [])]


def _named(kind: str) -> tuple[str, ...]:
    return (*KINDS[kind].metrics, *FURTHER.get(kind, {}), *BY_NETWORK.get(kind, ()))


def check_metrics(task: str, kind: str, metrics: Sequence[str], classes: Sequence[str] | None = None) -> None:
    """TaskError for metrics that the kind does not have, or for none at all. classes: None while they are not known."""
    if not metrics:
        raise TaskError(f"task '{task}': metrics names none; the first is the headline; allowed: {_told(kind)}")
    if len({*metrics}) < len(metrics):
        raise TaskError(f"task '{task}': metrics names one twice: {', '.join(metrics)}")
    for metric in metrics:
        if metric.startswith(F1_OF) and kind in OF_ONE_CLASS:
            name = metric.removeprefix(F1_OF)
            if classes is not None and name not in classes:
                shown = ", ".join(classes[:12])
                raise TaskError(f"task '{task}': metric '{metric}' is of a class that it does not have; it has {shown}")
        elif metric not in _named(kind):
            raise TaskError(
                f"task '{task}': a {kind} task has no metric '{metric}'; allowed: {_told(kind)}"
                f"{nearest(metric, allowed(kind))}".rstrip()
            )


def _told(kind: str) -> str:
    return ", ".join(allowed(kind))


def chosen(kind: str, metrics: Sequence[str]) -> tuple[str, ...]:
    """The metrics as they are kept: nothing for those that the kind has anyway, in their order."""
    return () if tuple(metrics) == KINDS[kind].metrics else tuple(metrics)


def measured(
    kind: Kind,
    metrics: Sequence[str],
    gold: Codes,
    codes: Codes,
    classes: Sequence[str],
    networks: Mapping[str, Metric] = NO_NETWORKS,
) -> dict[str, float]:
    """How good the answers are together, by metric; those of the kind where none are chosen.

    networks: the metrics of BY_NETWORK that are at hand; TaskError for one that is asked for and is not.
    """
    own = kind.measured(gold, codes, len(classes))
    further = {**FURTHER.get(kind.name, {}), **networks}
    if missing := {*metrics} & {*BY_NETWORK.get(kind.name, ())} - {*networks}:
        raise TaskError(f"metric '{missing.pop()}' is measured by a network, which is not at hand")
    return {
        name: own[name]
        if name in own
        else further[name](kind, gold, codes)
        if name in further
        else _f1(name, gold, codes, classes)
        for name in metrics or own
    }


def _f1(metric: str, gold: Codes, codes: Codes, classes: Sequence[str]) -> float:
    """F1 of one class; NaN where no example has it and none is answered with it."""
    from sklearn.metrics import f1_score

    index = class_of(metric, classes)
    (value,) = f1_score(gold, codes, labels=[index], average=None, zero_division=np.nan)
    return float(value)


def class_of(metric: str, classes: Sequence[str]) -> int | None:
    """The index of the class that a metric is of; None for one of all classes."""
    return classes.index(metric.removeprefix(F1_OF)) if metric.startswith(F1_OF) else None
