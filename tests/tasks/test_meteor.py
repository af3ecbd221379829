"""METEOR is Meteor 1.5 by its own program, or nothing."""

from __future__ import annotations

import shutil
import sys
import types
from importlib.util import find_spec

import pyarrow as pa
import pytest

from tasks import meteor as module
from tasks.base import TaskChoice, TaskError
from tasks.catalogue import open_task
from tasks.kinds import KINDS
from tasks.metric_choice import measured
from tests.tasks.test_data_to_text import write_e2e

Lines = dict[int, list[str]]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Lines, Lines]]:
    """A program that keeps what it is asked, and answers a half."""
    asked: list[tuple[Lines, Lines]] = []

    class Meteor:
        def compute_score(self, true: Lines, said: Lines) -> tuple[float, list[float]]:
            asked.append((true, said))
            return 0.5, []

    package = types.ModuleType("pycocoevalcap.meteor.meteor")
    package.Meteor = Meteor  # type: ignore[attr-defined]
    for name in ("pycocoevalcap", "pycocoevalcap.meteor"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "pycocoevalcap.meteor.meteor", package)
    monkeypatch.setattr(module, "require_meteor", lambda: None)
    monkeypatch.setattr(module, "_program", Meteor)
    return asked


def test_all_references_of_a_text_go_to_the_program(program: list[tuple[Lines, Lines]]) -> None:
    """On one line each, without the mark that parts them; an empty text is one that shares nothing."""
    kind = KINDS["generation"]
    gold = kind.codes(pa.array([["a  cat\nsat", "x ||| y"], ["no"]]), 0)
    said = kind.codes(pa.array(["a cat", ""]), 0)
    assert measured(kind, ("meteor",), gold, said, ()) == {"meteor": 0.5}
    assert program == [({0: ["a cat sat", "x y"], 1: ["no"]}, {0: ["a cat"], 1: ["."]})]


def test_without_the_program_a_study_that_wants_it_is_refused(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything runs, with what is missing and what to do: no other measure stands in its place."""
    copy = str(write_e2e(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(TaskError, match=r"'meteor' cannot be measured here: .*java missing. Meteor 1.5 is a Java"):
        open_task(TaskChoice(name="e2e", data=copy, metrics=("bleu", "meteor")))
    assert open_task(TaskChoice(name="e2e", data=copy)).scored_by == ("bleu", "rouge-l", "chrf")


@pytest.mark.skipif(
    find_spec("pycocoevalcap") is None or shutil.which("java") is None,
    reason="needs Java and pip install 'piesweep[meteor]'",
)
def test_the_score_is_that_of_meteor_1_5() -> None:
    """The program's own, over both texts together: pinned from Meteor 1.5 with -l en -norm."""
    said = ["the cat was sat on the mat", "a dog"]
    true = [["the cat sat on the mat"], ["there is a cat on the mat", "a cat is on the mat"]]
    assert module.meteor(said, true) == pytest.approx(0.301922688810162, abs=1e-9)
