"""Say how the rows of a store were made, where the text of Ren and Zhu 2023 and published code differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from analysis.display_names import method_name
from analysis.method_variants import Variant
from analysis.published.quality_comparison import BesideQuality, QualityComparison
from analysis.results import Row
from runner.method import Method
from tasks import TASKS

TEACHERS = {
    "best-so-far": "the best network of the training so far",
    "fine-tuned": "the trained dense model of the seed",
    "dense-parent": "the trained dense model of the seed",
}

TARGETS = {
    "matrices": "the matrices of the encoder or decoder",
    "matrices-and-biases": "the matrices of the encoder or decoder and their biases",
    "weights": "every weight but embeddings, biases, gains of norms and the classifier",
}


def differences_told(comparison: QualityComparison, pairs: list[BesideQuality]) -> Iterator[str]:
    """One sentence for each method that is here, and one on how the network that answers was chosen."""
    methods = dict.fromkeys(pair.method for pair in pairs if pair.ours is not None)
    for method in methods:
        for variant in comparison.results.variants.get(method, ()):
            if variant.name in NOTES and variant.line:
                yield f"{method_name(method)}: {NOTES[variant.name](_options(variant))}."
    rows = [row for row in comparison.trained if row["method"] in methods]
    if rows:
        yield (
            "The paper says that a slice of train is the validation split; its code, and that of the quoted rows, "
            f"reports the best of all looks at the dev set. Here: {chosen_told(rows)}."
        )


def sizes_told(comparison: QualityComparison, pairs: list[BesideQuality]) -> str:
    """Which splits have fewer examples here than the task has, in a sentence: figures are then of other data."""
    tasks = dict.fromkeys(pair.published.task for pair in pairs if pair.published.task in TASKS)
    told = [
        f"{task} {split} {here:,} of {whole:,}"
        for task in tasks
        for split, whole in (TASKS[task].sizes or {}).items()
        if 0 < (here := comparison.examples.get((task, split), 0)) < whole
    ]
    return f"Not all examples are here: {', '.join(told)}." if told else ""


def _options(variant: Variant) -> Mapping[str, Any]:
    line = variant.line
    return {**(line.options if line else {}), **dict(variant.changed)}


def _score(options: Mapping[str, Any]) -> str:
    is_signed = options.get("sign") == "signed"
    here = "the score is signed, as the text has it" if is_signed else "the score's absolute value, as the code has it"
    return f"{here} (text: eta g^2 - g w; code: its absolute value)"


def _pins(options: Mapping[str, Any]) -> str:
    is_sum = options.get("weighting") == "sum"
    losses = (
        "both losses are added, as the text has it" if is_sum else "each example's losses are weighed, as in the code"
    )
    return (
        f"{_score(options)}; {losses} (text: a plain sum; code: by the entropy of the network's answer, temperature 2; "
        f"here {options.get('temperature', 1.0):g})"
    )


NOTES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "pins": _pins,
    "pins-erm": _score,
    "pins-kd": _score,
    "platon": lambda options: (
        f"beta2 is {options.get('beta2', 0.95):g} everywhere; the rows of Zhang et al. 2022 have one for each task "
        "and sparsity, and another optimizer"
    ),
    "imp": lambda _: "the whole network is ranked at once; whether the published rows do is not said",
    "smvp": lambda _: "brought to the sparsity that is asked for, which is an outcome of a penalty in published code",
    "l0": lambda _: "brought to the sparsity that is asked for, which is an outcome of a penalty in published code",
    "pst": lambda _: (
        "the matrices of the encoder, with pooler and classifier trained; published code converts and freezes these "
        "too, and counts them"
    ),
}
"""Line of METHODS -> what its row does, given its options."""


def epochs_told(rows: list[Row]) -> str:
    """The epochs of each task, or of all alike; a dash where no trial says."""
    said = {row["task"]: (row["fewest"], row["most"]) for row in rows if row["fewest"] is not None}
    if not said:
        return "not said"
    ranges = {task: f"{least:g}" if least == most else f"{least:g} to {most:g}" for task, (least, most) in said.items()}
    if len({*ranges.values()}) == 1:
        return next(iter(ranges.values()))
    return ", ".join(f"{task} {told}" for task, told in ranges.items())


def teacher_told(line: Method | None) -> str:
    """What a method learns from besides the labels."""
    return "none" if line is None or line.teacher is None else TEACHERS.get(line.teacher, line.teacher)


def counted_told(line: Method | None) -> str:
    """Which weights the sparsity of a method is a share of."""
    return "nothing is cut" if line is None or not line.prunes else TARGETS.get(line.targets, line.targets)


def chosen_told(rows: list[Row]) -> str:
    """Which network of a training answers, in words, over all these trials."""
    return "; ".join(sorted({_chosen(row["selection"]) for row in rows}))


def _chosen(text: str | None) -> str:
    given = json.loads(text or "{}")
    if not isinstance(given, dict) or not given.get("best"):
        return "the last network answers" if text else "nobody says which network answers"
    held_out = "held-out examples" if given.get("split", "validation") == "validation" else "the test split itself"
    return f"the best on {held_out} answers"
