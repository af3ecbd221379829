"""A study means the same however it is written down."""

from __future__ import annotations

import dataclasses
import json
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.extras import EXTRAS
from runner.methods import METHOD_SETS, METHODS
from runner.plan import plan
from runner.spec import Protocol, Record
from runner.studies import STUDIES, Study, checks, load
from runner.studies.study import ProtocolChoice, RecordChoice
from runner.studies.training import TrainingSettings
from runner.training import Training
from tests.runner.studies.samples import SMALL, written

TASKS = ("movie-snippets", "imdb", "snli", "reuters", "aapd")
MODELS = ("bilstm", "bert", "minilm")
fractions = st.floats(0.01, 0.99, allow_nan=False)


def some(values, least=1):
    """A non-empty list of different values in any order."""
    return st.lists(values, min_size=least, max_size=4, unique=True)


FREE = sorted(name for name, line in METHODS.items() if line.schedule != "levels" and line.scope != "filterwise")
"""Methods that prune to any sparsity."""


@st.composite
def studies(draw):
    """Valid studies over text tasks."""
    tasks = draw(some(st.sampled_from(TASKS)))
    models = draw(some(st.sampled_from(MODELS)))
    epochs = draw(st.integers(2, 9))
    return {
        "name": "drawn",
        "tasks": [{"name": name, "limit": {"train": draw(st.integers(1, 50))}} for name in tasks],
        "models": [*models, {"name": "wide", "model": "bilstm", "hidden": draw(st.integers(1, 64))}],
        "methods": draw(some(st.sampled_from(FREE))),
        "sparsities": draw(some(fractions)),
        "seeds": draw(st.one_of(st.integers(1, 5), some(st.integers(0, 99)))),
        "protocol": draw(st.sampled_from(["paper", "release", {"base": "release", "padding": "packed"}])),
        "training": {
            "epochs": epochs,
            "batch_size": 8,
            "learning_rate": 0.01,
            "models": {models[0]: {"learning_rate": draw(st.floats(1e-6, 1))}},
            "cells": {f"{tasks[0]}/{models[0]}": {"epochs": epochs + 1}},
        },
        "resources": {"cpus": 2, "models": {models[0]: {"gpus": 0.5}}},
        "record": {"splits": draw(some(st.sampled_from(["train", "test"])))},
    }


@given(studies())
@settings(max_examples=60)
def test_frozen_study_is_the_same_study(values):
    """A valid study comes back unchanged from its plain and from its JSON form, and means the same trials."""
    study = Study.model_validate(values)
    assert checks.problems(study) == []
    for frozen in (study.model_dump(), json.loads(json.dumps(study.model_dump(mode="json")))):
        again = Study.model_validate(frozen)
        assert again == study
        assert again.resources.of_model("wide") == study.resources.of_model("wide")
        assert plan(again).trials == plan(study).trials


@given(studies(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_order_of_lists_changes_no_trial(values, random):
    """Shuffled lists give the same trials in another order."""
    reordered = {**values, "record": {"splits": values["record"]["splits"][::-1]}}
    for key in ("tasks", "models", "methods", "sparsities"):
        reordered[key] = random.sample(values[key], len(values[key]))
    if isinstance(values["seeds"], list):
        reordered["seeds"] = values["seeds"][::-1]
    before, after = plan(Study.model_validate(values)), plan(Study.model_validate(reordered))
    assert set(before.trials) == set(after.trials)
    assert len({spec.coordinates for spec in before.trials}) == len(before.trials)


@pytest.mark.parametrize("name", STUDIES)
def test_shipped_study_is_valid(name):
    """Every shipped study loads under its own name and says what it is."""
    study = load(name)
    assert study.name == name
    assert study.description


@pytest.mark.parametrize(
    ("methods", "meant"),
    [
        ("all", METHOD_SETS["pie"]),
        ("pie", METHOD_SETS["pie"]),
        (["pie"], METHOD_SETS["pie"]),
        (["mp-ai", "rp-ai"], ("mp-ai", "rp-ai")),
    ],
)
def test_sets_of_methods_mean_what_they_hold(monkeypatch, methods, meant):
    """`all` are the eight of the first paper, and stay so when a method is added."""
    monkeypatch.setitem(METHODS, "new", METHODS["mp-ai"])
    values = {"name": "x", "tasks": ["digits"], "models": ["convnet"], "sparsities": [0.5], "seeds": 1}
    study = Study.model_validate(
        values | {"methods": methods, "training": {"epochs": 1, "batch_size": 8, "learning_rate": 0.1}}
    )
    assert tuple(one.name for one in study.methods) == meant
    assert len(METHOD_SETS["pie"]) == 8


def test_numbers_as_people_write_them(tmp_path):
    """1e-3 is a number, as in YAML 1.2."""
    assert load(str(written(tmp_path, SMALL))).training.learning_rate == 0.001


def test_byte_order_mark_and_windows_lines(tmp_path):
    """A file saved by a Windows editor reads the same."""
    windows = b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode()
    assert load(str(written(tmp_path, windows))) == load(str(written(tmp_path, SMALL)))


def test_task_of_own_files(tmp_path):
    """A task given as files needs no code; its paths are made absolute."""
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("review,stars\ngood,up\nbad,down\n")
    own = "[{name: mine, train: train.csv, test: test.csv, text: review, label: stars}]"
    study = load(str(written(tmp_path, SMALL.replace("[movie-snippets]", own))))
    assert study.tasks[0].train == str(tmp_path / "train.csv")


@pytest.mark.parametrize(
    ("choices", "bundle"), [(TrainingSettings, Training), (ProtocolChoice, Protocol), (RecordChoice, Record)]
)
def test_choices_cover_what_a_trial_has(choices, bundle):
    """A study can set every field of a trial's settings, with the same allowed words."""
    fields = {field.name for field in dataclasses.fields(bundle)}
    named = EXTRAS.keys() if choices is RecordChoice else set()  # each is a key of its own
    assert set(choices.model_fields) - {"base"} - named == fields - {"extras"}
    hints = typing.get_type_hints(bundle)
    for name in fields - {"extras"}:
        words = typing.get_args(hints[name])
        if typing.get_origin(hints[name]) is typing.Literal:
            assert words == typing.get_args(typing.get_args(choices.model_fields[name].annotation)[0])
