"""CoNLL-2003: its columns in every form, IOB1 as IOB2, and what is none of it."""

from __future__ import annotations

import gzip
from pathlib import Path

import datasets
import pytest

from tasks.base import TaskChoice, TaskError
from tasks.catalogue import describe, open_task
from tasks.conll2003 import CLASSES
from tasks.examples import split_sizes

HEAD = "-DOCSTART- -X- O O\n\n"
SENTENCE = "U.N. NNP I-NP I-ORG\nofficial NN I-NP O\nRolf NNP I-NP I-PER\nEkeus NNP I-NP I-PER\n. . O O\n"
TWO = "Cup NN I-NP I-MISC\nBaghdad NNP I-NP I-LOC\nIraq NNP I-NP B-LOC\n"
TEXT = f"{HEAD}{SENTENCE}\n{TWO}"
"""Two sentences as the official files have them, after a line that begins a document."""


def write(folder: Path, names: tuple[str, ...] = ("eng.train", "eng.testa", "eng.testb"), text: str = TEXT) -> Path:
    """A file of every split."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name.endswith(".gz"):
            (folder / name).write_bytes(gzip.compress(text.encode()))
        else:
            (folder / name).write_text(text)
    return folder


def opened(data: Path):
    """The examples of a copy."""
    return open_task(TaskChoice(name="conll2003", data=str(data)))


def test_the_official_files_are_a_task(tmp_path: Path) -> None:
    """Sentences with their entities begun by B-; documents are parted by no sentence."""
    data = opened(write(tmp_path))
    assert split_sizes(data.examples) == {"train": 2, "validation": 2, "test": 2}
    rows = data.split("test").to_pylist()
    assert rows[0]["text"] == "U.N. official Rolf Ekeus ."
    names = [[CLASSES[tag] for tag in row["gold_tags"]] for row in rows]
    assert names == [["B-ORG", "O", "B-PER", "I-PER", "O"], ["B-MISC", "B-LOC", "B-LOC"]]
    assert data.scored_by == ("entity-f1", "entity-precision", "entity-recall", "accuracy")
    assert data.note == "the copy is not the whole: train 2 of 14041, validation 2 of 3250, test 2 of 3453"


def test_every_copy_gives_the_same_examples(tmp_path: Path) -> None:
    """Other names, gzipped, IOB2 already, and what `datasets` saved with the names of its tags."""
    first = opened(write(tmp_path / "official")).fingerprint
    assert opened(write(tmp_path / "other", ("train.txt", "valid.txt.gz", "test.txt"))).fingerprint == first
    begun = TEXT.replace("I-ORG", "B-ORG").replace("NNP I-NP I-PER\nE", "NNP I-NP B-PER\nE")
    begun = begun.replace("I-MISC", "B-MISC").replace("I-LOC", "B-LOC")
    assert opened(write(tmp_path / "begun", text=begun)).fingerprint == first
    data = opened(tmp_path / "official")
    order = sorted(CLASSES)
    features = datasets.Features(
        {"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(datasets.ClassLabel(names=order))}
    )
    rows = data.split("train").to_pylist()
    part = datasets.Dataset.from_dict(
        {
            "tokens": [row["words"] for row in rows],
            "ner_tags": [[order.index(CLASSES[tag]) for tag in row["gold_tags"]] for row in rows],
        },
        features=features,
    )
    datasets.DatasetDict(dict.fromkeys(("train", "validation", "test"), part)).save_to_disk(str(tmp_path / "saved"))
    assert opened(tmp_path / "saved").fingerprint == first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT.replace("I-PER", "PER"), "row 1: the tag 'PER' is neither O nor a type after B- or I-"),
        (TEXT.replace("official NN I-NP O", "official NN"), "line 4 has 2 columns and the file 4"),
        (TEXT.replace("I-MISC", "I-DATE"), "has the tag 'B-DATE'; CoNLL-2003 has O, B-PER"),
        (TEXT.replace("I-ORG", "B-ORG"), "row 1: I-PER continues nothing"),
        (HEAD, "has no sentences"),
    ],
)
def test_files_that_are_none_are_refused(tmp_path: Path, text: str, message: str) -> None:
    """One line with what is wrong and where: tags of no scheme, lines that lack columns, other entities."""
    with pytest.raises(TaskError, match=message) as told:
        opened(write(tmp_path, text=text))
    assert "\n" not in str(told.value)


def test_a_copy_that_lacks_a_split_is_refused(tmp_path: Path) -> None:
    """With the names that its file may have."""
    with pytest.raises(TaskError, match=r"holds no file of test; bring eng\.train"):
        opened(write(tmp_path, ("eng.train", "eng.testa")))


def test_describe_names_the_licence() -> None:
    """That the data must not be passed on is said where the task is described."""
    card = describe("conll2003")
    assert card["may_be_passed_on"] is False
    assert "not to be passed on" in card["licence"]
    assert describe("squad")["may_be_passed_on"] is True
