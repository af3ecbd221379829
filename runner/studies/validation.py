"""Validate a document as a study: pydantic's findings, put in the words of the study file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from runner.studies.document import Document
from runner.studies.errors import KeyPath, Problem, StudyError, suggestion
from runner.studies.grid import Block
from runner.studies.hypotheses import CellSelector, HypothesisChoice, OpponentChoice, PairChoice
from runner.studies.method_choice import MethodChoice, ReferenceChoice
from runner.studies.strategy import StrategyChoice
from runner.studies.study import (
    ModelChoice,
    ProtocolChoice,
    RecordChoice,
    Resources,
    Study,
    TrialResources,
)
from runner.studies.training import FinetuningSettings, SelectionSettings, StudyTraining, TrainingSettings
from runner.studies.tuning import Ranges, StudyTuning
from tasks.base import TaskChoice

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# Which bundle of choices stands at a key path; `*` is any position or name.
BUNDLES: dict[tuple[str, ...], type[BaseModel]] = {
    (): Study,
    ("tasks", "*"): TaskChoice,
    ("models", "*"): ModelChoice,
    ("methods", "*"): MethodChoice,
    ("references", "*"): ReferenceChoice,
    ("grid", "*"): Block,
    ("protocol",): ProtocolChoice,
    ("training",): StudyTraining,
    ("training", "tasks", "*"): TrainingSettings,
    ("training", "models", "*"): TrainingSettings,
    ("training", "cells", "*"): TrainingSettings,
    **{
        (*block, key): settings
        for block in (("training",), *(("training", group, "*") for group in ("tasks", "models", "cells")))
        for key, settings in (("finetuning", FinetuningSettings), ("selection", SelectionSettings))
    },
    ("tuning",): StudyTuning,
    ("tuning", "tasks", "*"): Ranges,
    ("tuning", "models", "*"): Ranges,
    ("tuning", "cells", "*"): Ranges,
    ("resources",): Resources,
    ("resources", "models", "*"): TrialResources,
    ("record",): RecordChoice,
    ("strategy",): StrategyChoice,
    ("hypotheses", "*"): HypothesisChoice,
    ("hypotheses", "*", "of"): CellSelector,
    ("hypotheses", "*", "against"): OpponentChoice,
    ("hypotheses", "*", "pairs", "*"): PairChoice,
    ("hypotheses", "*", "pairs", "*", "of"): CellSelector,
    ("hypotheses", "*", "pairs", "*", "against"): OpponentChoice,
}

KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping of keys",
    "model": "a mapping of keys",
}


SENTENCES = {
    "missing": "this key is missing, and a study needs it",
    "too_short": "the list is empty; name at least one",
}


def validated(document: Document) -> Study:
    """The study a document describes. StudyError names every key that is wrong."""
    try:
        return Study.model_validate(document.values)
    except ValidationError as error:
        # Of several findings at one key (the alternatives of a union) the first says most, and what is wrong inside a
        # list says more than what that makes of the list.
        found = {_real_path(one["loc"], document.values): one for one in reversed(error.errors())}
        inner = [path for path in reversed(found) if not any(path == other[: len(path)] != other for other in found)]
        listed = [Problem(path, _message(path, found[path])) for path in inner]
        raise StudyError(report(document, listed)) from None


def report(document: Document, problems: list[Problem]) -> str:
    """One line a problem, each beginning with its place."""
    return "\n".join(f"{document.place(problem.path)}: {problem.message}" for problem in problems)


def _real_path(location: tuple[int | str, ...], values: Any) -> KeyPath:
    """The part of pydantic's location that exists in the document, and the one key below that may be missing."""
    path: KeyPath = ()
    for part in location:
        if isinstance(values, dict) and isinstance(part, str):
            if part == "options" and part not in values:
                continue  # a model's options stand beside its name
            known = part in values
        elif isinstance(values, list) and isinstance(part, int):
            known = part < len(values)
        else:
            break
        path = (*path, part)
        if not known:
            break
        values = values[part]
    return path


def _message(path: KeyPath, found: ErrorDetails) -> str:
    kind, given = found["type"], found["input"]
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "literal_error":
        return _not_among(given, str(found["ctx"]["expected"]))
    if kind == "value_error":
        return str(found["msg"]).removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        return f"{given!r} is not a name: lower-case letters, digits and . _ - are allowed, a letter or digit first"
    if kind in SENTENCES:
        return SENTENCES[kind]
    expected = KINDS.get(kind.removesuffix("_type").removesuffix("_parsing").removesuffix("_from_float"))
    must = f"must be {expected}" if expected else _lower(found["msg"]).replace("input should", "must")
    return f"{must}, not {_shown(given)}"


def _not_among(given: Any, expected: str) -> str:
    allowed = expected.replace("'", "").replace(" or ", ", ").split(", ")
    hint = suggestion(given, allowed) if isinstance(given, str) else ""
    return f"{given!r} is not allowed{hint}; allowed: {', '.join(allowed)}"


def _unknown_key(path: KeyPath) -> str:
    key = str(path[-1])
    if "shuffl" in key.lower():
        return (
            "there is nothing to shuffle: an example's id is its row in the task's own order, and every seed draws "
            "its own order of training; remove this key"
        )
    bundle = _bundle(path[:-1])
    allowed = list(bundle.model_fields) if bundle else []
    return f"unknown key '{key}'{suggestion(key, allowed)}; allowed: {', '.join(allowed)}"


def _bundle(path: KeyPath) -> type[BaseModel] | None:
    for pattern, bundle in BUNDLES.items():
        if len(pattern) == len(path) and all(
            wanted in ("*", str(part)) for wanted, part in zip(pattern, path, strict=True)
        ):
            return bundle
    return None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
