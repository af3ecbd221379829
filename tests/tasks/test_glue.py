"""GLUE's eight: from their original files and through `datasets`, whole and in part."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import datasets
import pytest

from tasks import TASKS
from tasks.base import TaskChoice, TaskError
from tasks.catalogue import describe, open_task
from tasks.examples import split_sizes
from tests.tasks.conftest import shared
from tests.tasks.glue_samples import BY_NAME, DEV, TRAIN, as_datasets, rows_of, write_tsv

METRICS = {
    "glue/cola": ("matthews", "accuracy"),
    "glue/sst2": ("accuracy", "macro-f1"),
    "glue/mrpc": ("f1:equivalent", "accuracy"),
    "glue/qqp": ("accuracy", "f1:duplicate"),
    "glue/stsb": ("pearson", "spearman"),
    "glue/mnli": ("accuracy-by-part", "accuracy"),
    "glue/qnli": ("accuracy", "macro-f1"),
    "glue/rte": ("accuracy", "macro-f1"),
}


def opened(name: str, data: Path, **further: object):
    """The examples of a copy."""
    return open_task(TaskChoice(name=name, data=str(data), **further))


@pytest.mark.parametrize("name", METRICS)
def test_original_files_are_read_as_they_are(tmp_path: Path, name: str) -> None:
    """Quotes are characters, dev is test in its order, a tenth of train is validation, and the metrics are GLUE's."""
    one = BY_NAME[name]
    data = opened(name, write_tsv(tmp_path, one))
    devs = len(one.original.parts) - 1
    assert split_sizes(data.examples) == {"train": TRAIN - 4, "validation": 4, "test": devs * DEV}
    test = data.split("test")
    wanted = [texts[0].strip() for part, rows in rows_of(one).items() if part != "train" for texts, _ in rows]
    assert test["text"].to_pylist() == wanted
    assert data.scored_by == METRICS[name]
    if one.original.classes:
        marks = list(one.original.classes)
        gold = [marks.index(label) for part, rows in rows_of(one).items() if part != "train" for _, label in rows]
        assert test["label"].to_pylist() == gold
    else:
        assert test["gold_value"].to_pylist() == [float(label) for _, label in rows_of(one)["dev"]]
    assert data.note.startswith("the copy is not the whole: train 40 of ")


@pytest.mark.parametrize("name", METRICS)
def test_every_copy_gives_the_same_examples(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, archives, the folder of all tasks, what `datasets` saved, and what it loads by name: one fingerprint."""
    one = BY_NAME[name]
    folder = write_tsv(tmp_path / "files", one)
    first = opened(name, folder).fingerprint
    whole = tmp_path / "glue_data"
    write_tsv(whole / one.original.folder, one)
    write_tsv(whole / "Other", BY_NAME["glue/rte" if name != "glue/rte" else "glue/qnli"])
    archive, packed = tmp_path / "copy.zip", tmp_path / "packed"
    packed.mkdir()
    with zipfile.ZipFile(archive, "w") as bundle:
        for path in folder.iterdir():
            bundle.write(path, f"{one.original.folder}/{path.name}")
            (packed / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    as_datasets(one).save_to_disk(str(tmp_path / "saved"))
    as_datasets(one, permuted=True).save_to_disk(str(tmp_path / "permuted"))
    for copy in (whole, archive, packed, tmp_path / "saved", tmp_path / "permuted"):
        assert opened(name, copy).fingerprint == first, copy
    asked = []
    monkeypatch.setattr(datasets, "load_dataset", lambda *given: asked.append(given) or as_datasets(one))
    assert TASKS[name].load(None).fingerprint == first
    assert asked == [("nyu-mll/glue", name.removeprefix("glue/"))]


def test_a_copy_of_the_hub_itself_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of Parquet files as the hub lays them out, by the real library."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    for split, part in as_datasets(BY_NAME["glue/rte"]).items():
        place = tmp_path / "hub" / "rte"
        place.mkdir(parents=True, exist_ok=True)
        part.to_parquet(str(place / f"{split}-00000-of-00001.parquet"))
    names = "\n".join(f"  - split: {s}\n    path: rte/{s}-*" for s in ("train", "validation"))
    card = f"---\nconfigs:\n- config_name: rte\n  data_files:\n{names}\n---\n"
    (tmp_path / "hub" / "README.md").write_text(card)
    data = opened("glue/rte", tmp_path / "hub")
    assert data.fingerprint == opened("glue/rte", write_tsv(tmp_path / "files", BY_NAME["glue/rte"])).fingerprint


def test_matched_and_mismatched_are_told_apart(tmp_path: Path) -> None:
    """MNLI's two dev files are one test split, whose column `part` says which row is of which."""
    data = opened("glue/mnli", write_tsv(tmp_path, BY_NAME["glue/mnli"]))
    assert data.split("test")["part"].to_pylist() == ["matched"] * DEV + ["mismatched"] * DEV
    assert set(data.split("train")["part"].to_pylist()) == {"train"}


def test_all_of_train_on_demand(tmp_path: Path) -> None:
    """validation: 0 holds nothing out and says so."""
    data = opened("glue/rte", write_tsv(tmp_path, BY_NAME["glue/rte"]), validation=0)
    assert split_sizes(data.examples) == {"train": TRAIN, "test": DEV}
    assert data.note.endswith("nothing is held out (validation: 0)")


def test_lines_that_lack_cells_are_left_out_and_told(tmp_path: Path) -> None:
    """As `datasets` has them, but not without a word."""
    folder = write_tsv(tmp_path, BY_NAME["glue/qqp"])
    with (folder / "train.tsv").open("a") as file:
        file.write("7\tbroken line\n")
    data = opened("glue/qqp", folder)
    assert data.note.startswith("1 lines of train.tsv lack cells and are left out")
    assert split_sizes(data.examples)["train"] == TRAIN - 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: (f / "dev.tsv").unlink(), "holds no dev.tsv of RTE"),
        (lambda f: (f / "dev.tsv").write_text("index\tsentence\tlabel\n"), "no column sentence1, sentence2"),
        (
            lambda f: (f / "dev.tsv").write_text("index\tsentence1\tsentence2\tpromptID\tlabel\n0\ta\tb\t0\tmaybe\n"),
            "dev.tsv in .* row 1: column 'label' holds 'maybe'; allowed: entailment, not_entailment",
        ),
        (
            lambda f: (f / "dev.tsv").write_text("index\tsentence1\tsentence2\tpromptID\tlabel\n0\ta\tb\tc\td\te\n"),
            "row 1 has 6 cells, and its columns are 5",
        ),
        (lambda f: (f / "dev.tsv").write_bytes(b"\xff\xfe\x00"), "cannot be read"),
    ],
)
def test_copies_that_are_none_are_refused(tmp_path: Path, change, message: str) -> None:
    """What is missing, and the row of what cannot be meant."""
    folder = write_tsv(tmp_path, BY_NAME["glue/rte"])
    change(folder)
    with pytest.raises(TaskError, match=message):
        opened("glue/rte", folder)


def test_two_copies_in_one_folder_are_not_guessed(tmp_path: Path) -> None:
    """Files of other tasks alone are nobody's."""
    for name in ("glue/rte", "glue/qnli"):
        write_tsv(tmp_path / BY_NAME[name].original.folder, BY_NAME[name])
    with pytest.raises(TaskError, match=r"several files of the name train.tsv .*; give the folder SST-2 itself"):
        opened("glue/sst2", tmp_path)


@pytest.mark.parametrize(
    ("name", "folder", "fingerprint"),
    [
        ("glue/rte", "rte", "934ccece4288cf13"),
        ("glue/sst2", "sst2", "0e22c1fb17923906"),
        ("glue/stsb", "stsb", "041f84af270945de"),
    ],
)
def test_the_published_files_are_whole(name: str, folder: str, fingerprint: str) -> None:
    """GLUE's own files: all rows, no note, and splits that never change."""
    data = opened(name, shared(folder))
    assert (data.note, data.fingerprint) == ("", fingerprint)
    assert split_sizes(data.examples) == TASKS[name].sizes


def test_describe_says_what_validation_is() -> None:
    """The card names the metrics and where the splits come from."""
    card = describe("glue/mnli")
    assert card["metrics"] == ["accuracy-by-part", "accuracy"]
    assert (card["train"], card["validation"], card["test"]) == (373_055, 19_647, 19_647)
    assert "the official dev set is test" in card["source"]
