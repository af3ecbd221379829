"""Words that no network could read are refused before a store is there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from runner.command_line import app
from runner.models import ModelError, tokens
from runner.spec import TrialSpec
from runner.training import Training
from runner.trial.reading import require_words
from tests.runner.models.conftest import checkpoint  # noqa: F401 - a fixture
from tests.runner.trial.test_span import DATA, OTHER

STUDY = """name: s
tasks:
  - {{name: qa, train: qa.jsonl, test: qa.jsonl, question: q, context: c, answer: a, max_tokens: 12, stride: {stride}}}
models: [{{name: bilstm, vectors: glove.txt, hidden: 4}}]
methods: [mp-ai]
sparsities: [0.5]
seeds: 1
training: {{epochs: 1, batch_size: 4, learning_rate: 0.01}}
"""


def write(folder: Path, stride: int, question: str = "which") -> str:
    """A study of passages that are too long, and word vectors for it."""
    row = {"q": question, "c": " ".join(OTHER * 4), "a": "thing"}
    (folder / "qa.jsonl").write_text(f"{json.dumps(row)}\n" * 8)
    vectors = np.random.default_rng(0).normal(size=(len(OTHER), 4))
    lines = [" ".join([word, *map(str, row)]) for word, row in zip(OTHER, vectors, strict=True)]
    (folder / "glove.txt").write_text("\n".join(lines) + "\n")
    (folder / "study.yaml").write_text(STUDY.format(stride=stride))
    return str(folder / "study.yaml")


def test_a_question_without_room_leaves_no_trace(tmp_path: Path) -> None:
    """One line that names model, task and split; exit code 2, and no store."""
    study = write(tmp_path, 5, "which of the many words there are is it")
    done = CliRunner().invoke(app, ["run", study, "--store", str(tmp_path / "store")])
    assert done.exit_code == 2
    said = [line for line in (done.stdout + done.stderr).splitlines() if "leaves room" in line]
    assert len(said) == 1
    assert "bilstm on qa, train: a question leaves room for 2 of the 36 tokens of its passage" in said[0]
    assert not (tmp_path / "store").exists()


def test_a_tokenizer_that_loses_offsets_is_found_first(
    checkpoint: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With windows and without, whichever split."""
    monkeypatch.setattr(
        tokens, "_characters", lambda given, segment: np.zeros((sum(map(len, given["input_ids"])), 2), int)
    )
    for stride in (0, 4):
        spec = TrialSpec(
            task="colours",
            data=DATA.fingerprint,
            model="bert",
            architecture="bert",
            options=(("checkpoint", str(checkpoint)),),
            method="dense",
            seed=1,
            max_tokens=30,
            stride=stride,
            training=Training(epochs=1, batch_size=4, learning_rate=0.01),
        )
        with pytest.raises(ModelError, match=r"bert on colours, train: .*does not say which characters"):
            require_words([spec], {"colours": DATA}, tmp_path / str(stride))
