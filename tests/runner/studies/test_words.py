"""Studies of tags: planned like others, and refused with a model that has no state for each word."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from runner.models import MODELS
from runner.plan import plan
from runner.studies import load
from runner.studies.errors import StudyError

STUDY = """\
name: names
tasks:
  - {{name: names, train: {rows}, test: {rows}, words: words, tags: tags}}
models: [bilstm]
methods: [imp-ft]
sparsities: [0.5]
seeds: 2
training: {{epochs: 1, batch_size: 4, learning_rate: 0.01}}
"""


@pytest.fixture
def study(tmp_path: Path) -> str:
    """The path of a study of one task of tags."""
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"words": ["Ada", "is"], "tags": ["B-PER", "O"]}) + "\n")
    path = tmp_path / "names.yaml"
    path.write_text(STUDY.format(rows=rows))
    return str(path)


def test_a_study_of_tags_is_planned(study: str) -> None:
    """Two dense and two pruned trials."""
    assert len(plan(load(study)).trials) == 4


def test_a_model_without_a_state_for_each_word_is_refused(study: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line that names the task and the models that have."""
    monkeypatch.setitem(MODELS, "bilstm", dataclasses.replace(MODELS["bilstm"], reads=("text",)))
    with pytest.raises(StudyError, match=r"'bilstm' has no state for each word, which task 'names' asks for.*bert"):
        load(study)
