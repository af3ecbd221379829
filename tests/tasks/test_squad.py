"""SQuAD v1.1: its files in every form, the splits, and what is none of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import datasets
import pytest

from runner.plan import plan
from runner.studies import load
from tasks import TASKS
from tasks.base import TaskChoice, TaskError
from tasks.catalogue import describe, open_task
from tasks.examples import split_sizes
from tasks.overview import overview
from tests.tasks.conftest import shared


def articles(name: str, passages: int, questions: int = 2) -> dict[str, Any]:
    """A file in SQuAD's form: passages with so many questions each, of which the second answer stands there twice."""
    return {
        "version": "1.1",
        "data": [
            {
                "title": f"{name} {number}",
                "paragraphs": [
                    {
                        "context": f"In {number} a {name} met {number} cats, \u00e9.",
                        "qas": [
                            {
                                "id": f"{name}-{number}-{at}",
                                "question": f"How many cats did the {name} meet?",
                                "answers": [
                                    {"text": f"{number} cats", "answer_start": len(f"In {number} a {name} met ")}
                                ]
                                * 2,
                            }
                            for at in range(questions)
                        ],
                    }
                ],
            }
            for number in range(passages)
        ],
    }


FILES = {"train-v1.1.json": articles("dog", 20), "dev-v1.1.json": articles("bird", 3)}


def write(folder: Path, files: dict[str, Any] = FILES) -> Path:
    """The files as published."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def opened(data: Path, **further: Any):
    """The examples of a copy."""
    return open_task(TaskChoice(name="squad", data=str(data), **further))


def test_the_published_files_are_a_task(tmp_path: Path) -> None:
    """Dev is test in its order; a tenth of train is validation, by whole passages; ids, titles and spans are kept."""
    data = opened(write(tmp_path))
    assert split_sizes(data.examples) == {"train": 36, "validation": 4, "test": 6}
    test = data.split("test").to_pylist()
    assert [row["source_id"] for row in test] == [f"bird-{number}-{at}" for number in range(3) for at in range(2)]
    assert test[0]["title"] == "bird 0"
    begin, end = test[2]["gold_spans"][0]
    assert (test[2]["text_pair"][begin:end], len(test[2]["gold_spans"])) == ("1 cats", 1)
    held, kept = (set(data.split(split)["text_pair"].to_pylist()) for split in ("validation", "train"))
    assert not held & kept
    assert (data.stride, data.max_tokens, data.scored_by) == (128, 384, ("f1", "exact"))
    assert overview(data)["stride"] == 128
    assert data.note == "the copy is not the whole: train 40 of 87599, dev 6 of 10570"


def test_every_copy_gives_the_same_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gzipped files, and rows as the hub has them, saved or loaded by name."""
    first = opened(write(tmp_path / "files")).fingerprint
    packed = tmp_path / "packed"
    packed.mkdir()
    for name, content in FILES.items():
        (packed / f"{name}.gz").write_bytes(gzip.compress(json.dumps(content).encode()))
    assert opened(packed).fingerprint == first
    rows = {
        split: [
            {
                "id": one["id"],
                "title": article["title"],
                "question": one["question"],
                "context": paragraph["context"],
                "answers": {key: [answer[key] for answer in one["answers"]] for key in ("text", "answer_start")},
            }
            for article in FILES[name]["data"]
            for paragraph in article["paragraphs"]
            for one in paragraph["qas"]
        ]
        for split, name in (("train", "train-v1.1.json"), ("validation", "dev-v1.1.json"))
    }
    hub = datasets.DatasetDict({split: datasets.Dataset.from_list(one) for split, one in rows.items()})
    hub.save_to_disk(str(tmp_path / "saved"))
    assert opened(tmp_path / "saved").fingerprint == first
    monkeypatch.setattr(datasets, "load_dataset", lambda name, config: {"rajpurkar/squad": hub}[name])
    assert TASKS["squad"].load(None).fingerprint == first


def test_windows_are_the_tasks_unless_a_study_says_otherwise(tmp_path: Path) -> None:
    """The stride is part of the plan: 128 by default, another, or none."""
    study = tmp_path / "study.yaml"
    write(tmp_path / "squad")
    lines = (
        "training: {epochs: 1, batch_size: 8, learning_rate: 0.01}\n"
        "models: [bilstm]\nmethods: [mp-ai]\nsparsities: [0.5]\nseeds: 1\n"
    )
    for said, stride in (("", 128), (", stride: 64", 64), (", stride: 0", 0)):
        study.write_text(f"name: s\ntasks: [{{name: squad, data: squad{said}}}]\n{lines}")
        assert {spec.stride for spec in plan(load(str(study))).trials} == {stride}


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"name": "squad", "max_tokens": 100}, "stride is 128 and max_tokens 100: between two windows words would be"),
        ({"name": "glue/rte", "stride": 10}, "stride is for questions about passages"),
        ({"name": "squad", "question": "q"}, "is registered and takes no question"),
    ],
)
def test_choices_that_do_not_fit_are_refused(choice: dict[str, Any], message: str) -> None:
    """Before any data are looked at."""
    with pytest.raises(TaskError, match=message):
        open_task(TaskChoice(**choice))


def changed(part: str, **fields: Any) -> dict[str, Any]:
    """The files, with the first question of one of them changed."""
    files = json.loads(json.dumps(FILES))
    files[part]["data"][0]["paragraphs"][0]["qas"][0] |= fields
    return files


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"dev-v1.1.json": FILES["dev-v1.1.json"]}, "holds no train-v1.1.json"),
        (changed("dev-v1.1.json", answers=[]), r"question 1 \(bird-0-0\) has no answer; version 2.0 has such"),
        (
            changed("train-v1.1.json", answers=[{"text": "dogs", "answer_start": 3}]),
            "train of .* row 1: the answer 'dogs' does not stand in its passage at character 3",
        ),
        (changed("train-v1.1.json", question=" "), "row 1: column 'question' is empty"),
        ({**FILES, "dev-v1.1.json": {"data": [{"paragraphs": [{}]}]}}, "lacks 'qas'"),
        ({**FILES, "dev-v1.1.json": {"rows": []}}, "has not the form of SQuAD"),
        ({**FILES, "dev-v2.0.json": FILES["dev-v1.1.json"]}, "several files of the name dev"),
    ],
)
def test_files_that_are_none_are_refused(tmp_path: Path, files: dict[str, Any], message: str) -> None:
    """One line with what is wrong and where."""
    with pytest.raises(TaskError, match=message) as told:
        opened(write(tmp_path, files))
    assert "\n" not in str(told.value)


def test_real_questions_have_answers_in_their_passages(tmp_path: Path) -> None:
    """The part of the published dev set that is at hand, as both files: 1,190 questions in 240 passages."""
    with gzip.open(shared("squad_partial", "xquad.en.json.gz")) as file:
        content = json.load(file)
    data = opened(write(tmp_path, {"train-v1.1.json": content, "dev-v1.1.json": content}))
    assert split_sizes(data.examples) == {"train": 1071, "validation": 119, "test": 1190}


def test_describe_says_how_passages_are_read() -> None:
    """The card names the stride, and where validation comes from."""
    card = describe("squad")
    assert (card["stride"], card["train"], card["validation"], card["test"]) == (128, 78_839, 8760, 10_570)
    assert "a tenth of train, by passages, is validation" in card["source"]
