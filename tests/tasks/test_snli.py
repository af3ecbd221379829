"""SNLI in every form a user may hold."""

from __future__ import annotations

import json
import zipfile

import datasets
import pytest

from tasks import snli
from tasks.base import TaskError
from tasks.examples import split_sizes
from tests.tasks.conftest import shared

GOLD = ["neutral", "-", "entailment", "contradiction"]


def record(split, number, label):
    """One pair as the official files have it."""
    return {
        "gold_label": label,
        "sentence1": f'A "{split}" {number}.',
        "sentence2": f"B {number}",
        "pairID": str(number),
    }


def records(split):
    """The pairs of a split, one of them without a gold label."""
    return [record(split, number, label) for number, label in enumerate(GOLD)]


def write_jsonl(folder):
    """The official distribution as lines of JSON."""
    for split in ("train", "dev", "test"):
        lines = "".join(json.dumps(one) + "\n" for one in records(split))
        (folder / f"snli_1.0_{split}.jsonl").write_text(lines)
    return folder


def write_txt(folder):
    """The official distribution as tables, in an archive."""
    with zipfile.ZipFile(folder / "snli_1.0.zip", "w") as bundle:
        for split in ("train", "dev", "test"):
            rows = ["\t".join(one.values()) for one in records(split)]
            table = "\n".join(["\t".join(record("", 0, "")), *rows]) + "\n"
            bundle.writestr(f"snli_1.0/snli_1.0_{split}.txt", table)
            bundle.writestr(f"__MACOSX/snli_1.0/._snli_1.0_{split}.txt", b"\x00")
    return folder / "snli_1.0.zip"


def write_saved(folder):
    """What `datasets` saves, with -1 where no label won."""
    numbers = {"-": -1, "entailment": 0, "neutral": 1, "contradiction": 2}
    splits = {
        name: datasets.Dataset.from_dict(
            {
                "premise": [one["sentence1"] for one in records(split)],
                "hypothesis": [one["sentence2"] for one in records(split)],
                "label": [numbers[one["gold_label"]] for one in records(split)],
            }
        )
        for name, split in (("train", "train"), ("validation", "dev"), ("test", "test"))
    }
    datasets.DatasetDict(splits).save_to_disk(str(folder / "saved"))
    return folder / "saved"


@pytest.mark.parametrize("write", [write_jsonl, write_txt, write_saved])
def test_every_form_gives_the_same_examples(write, tmp_path):
    """Pairs without a gold label go before ids are given, and the note tells that the copy is a part."""
    data = snli.load(write(tmp_path))
    assert split_sizes(data.examples) == {"train": 3, "validation": 3, "test": 3}
    rows = data.split("test")
    assert rows["example_id"].to_pylist() == [0, 1, 2]
    assert rows["label"].to_pylist() == [1, 0, 2]
    assert rows["text"].to_pylist()[1] == 'A "test" 2.'
    assert rows["text_pair"].to_pylist() == ["B 0", "B 2", "B 3"]
    assert "train 3 of 549367" in data.note


def test_line_files():
    """Whole dev and test of the line files, and the part of train, are loaded with a note."""
    data = snli.load(shared("snli"))
    assert split_sizes(data.examples) == {"train": 18000, "validation": 9842, "test": 9824}
    assert "train is a part" in data.note
    assert data.split("test")["label"].to_pylist().count(0) == 3368


def test_unknown_labels_and_missing_splits(tmp_path):
    """A label that SNLI does not have, and a copy without test, are named."""
    write_jsonl(tmp_path)
    (tmp_path / "snli_1.0_test.jsonl").unlink()
    with pytest.raises(TaskError, match="no examples for test"):
        snli.load(tmp_path)
    (tmp_path / "snli_1.0_test.jsonl").write_text(json.dumps(record("test", 0, "maybe")) + "\n")
    with pytest.raises(TaskError, match="no label 'maybe'"):
        snli.load(tmp_path)
