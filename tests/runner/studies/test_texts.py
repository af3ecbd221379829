"""Studies of passages and of written texts: planned like others, and refused with what cannot do them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.plan import plan
from runner.studies import load
from runner.studies.errors import StudyError

STUDY = """\
name: texts
tasks:
  - {{name: texts, train: {rows}, test: {rows}, {columns}}}
models: [{model}]
methods: [{method}]
sparsities: [0.5]
seeds: 2
training: {{epochs: 1, batch_size: 4, learning_rate: 0.01}}
{further}
"""
COLUMNS = {
    "span": "question: text, context: passage, answer: target",
    "generation": "text: text, target: target",
}


def study(folder: Path, kind: str, model: str, method: str = "imp-ft", further: str = "") -> str:
    """The path of a study of one task of the kind."""
    rows, path = folder / "rows.jsonl", folder / "texts.yaml"
    rows.write_text(json.dumps({"text": "who", "passage": "Ada sat", "target": "Ada"}) + "\n")
    path.write_text(STUDY.format(rows=rows, columns=COLUMNS[kind], model=model, method=method, further=further))
    return str(path)


@pytest.mark.parametrize(("kind", "model"), [("span", "bilstm"), ("span", "minilm"), ("generation", "decoder")])
def test_such_studies_are_planned(tmp_path: Path, kind: str, model: str) -> None:
    """Two dense and two pruned trials."""
    assert len(plan(load(study(tmp_path, kind, model))).trials) == 4


REFUSED = {
    "model": (
        ("bilstm",),
        "'bilstm' has no state for each word, which task 'texts' asks for; models that have: decoder",
    ),
    "processes": (
        ("decoder", "imp-ft", "strategy: {name: deepspeed, stage: 2, processes: 2}"),
        "texts of 'texts' are written by one process",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_who_cannot_write_texts_is_refused(tmp_path: Path, case: str) -> None:
    """A model that reads alone, and several processes."""
    words, message = REFUSED[case]
    with pytest.raises(StudyError, match=message):
        plan(load(study(tmp_path, "generation", *words)))
