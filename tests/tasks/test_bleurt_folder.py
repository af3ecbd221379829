"""BLEURT is asked for by the folder of a checkpoint; a folder that holds none is refused before anything runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tasks.base import TaskChoice, TaskError
from tasks.bleurt_folder import checkpoint_in
from tasks.catalogue import open_task
from tasks.choices import metrics_of
from tasks.overview import lines_of
from tests.bleurt_checkpoints import write_checkpoint
from tests.tasks.test_data_to_text import write_dart


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small checkpoint."""
    return write_checkpoint(tmp_path_factory.mktemp("bleurt") / "tiny")


def change_config(folder: Path, **changes: object) -> None:
    """Other values in config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_output(folder: Path, outputs: int) -> None:
    """An output layer of so many; of none, no layer."""
    path = folder / "model.safetensors"
    weights = load_file(path)
    layer = weights.pop("classifier.weight")
    save_file(weights | ({"classifier.weight": np.repeat(layer, outputs, axis=0)} if outputs else {}), path)


def only_pickled(folder: Path) -> None:
    """Weights as torch pickles them."""
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (shutil.rmtree, "there is no folder"),
    "no config": (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
    "broken config": (lambda folder: (folder / "config.json").write_text("{"), "config.json cannot be read"),
    "another network": (lambda folder: change_config(folder, model_type="gpt2"), "is a 'gpt2'; allowed: bert or remb"),
    "several outputs": (lambda folder: change_output(folder, 3), "has 3 outputs, and BLEURT is one"),
    "no output": (lambda folder: change_output(folder, 0), "have no output layer"),
    "no tokenizer": (
        lambda folder: [path.unlink() for path in folder.glob("tokenizer*")],
        "has no tokenizer (tokenizer.json, vocab.txt",
    ),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "has no weights in safetensors; give"),
    "pickled weights": (only_pickled, "has no weights in safetensors, but pytorch_model.bin, which is never opened"),
    "torn weights": (
        lambda folder: (folder / "model.safetensors").write_bytes(b"\x09" * 20),
        "cannot be read as safetensors",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_folder_that_holds_no_checkpoint_is_refused(whole: str, tmp_path: Path, name: str) -> None:
    """In one line that says what is wrong, before data are looked at."""
    change, message = BAD[name]
    folder = Path(shutil.copytree(whole, tmp_path / "copy"))
    change(folder)
    with pytest.raises(TaskError) as refused:
        open_task(TaskChoice(name="dart", data=str(tmp_path), bleurt=str(folder)))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_checkpoint_is_known_by_its_files(whole: str, tmp_path: Path) -> None:
    """The same ones at another place are the same; other weights, or a word more, are another."""
    copy = Path(shutil.copytree(whole, tmp_path / "copy"))
    found = checkpoint_in(whole)
    assert (found.folder, checkpoint_in(str(copy)).sha256) == (whole, found.sha256)
    (copy / "README.md").write_text("mine")
    assert checkpoint_in(str(copy)).sha256 == found.sha256
    change_config(copy, layer_norm_eps=0.1)
    assert checkpoint_in(str(copy)).sha256 != found.sha256
    assert checkpoint_in(write_checkpoint(tmp_path / "other", seed=1)).sha256 != found.sha256


def test_a_checkpoint_is_all_that_it_takes(whole: str, tmp_path: Path) -> None:
    """The metric comes last unless a study has it elsewhere, and is no longer told as one that is not measured."""
    copy = str(write_dart(tmp_path))
    without, given = (open_task(TaskChoice(name="dart", data=copy, bleurt=one)) for one in (None, whole))
    (line,) = [line for line in lines_of(without) if "not measured" in line]
    assert "bleurt (set bleurt to the folder of a checkpoint)" in line
    assert not [line for line in lines_of(given) if "not measured" in line]
    assert given.scored_by == (*without.scored_by, "bleurt")
    assert given.fingerprint == without.fingerprint
    assert given.bleurt == checkpoint_in(whole)
    first = TaskChoice(name="dart", data=copy, bleurt=whole, metrics=("bleurt", "bleu"))
    assert open_task(first).scored_by == ("bleurt", "bleu")
    own = TaskChoice(name="mine", train="a.csv", test="b.csv", text="t", target="u", bleurt=whole)
    assert metrics_of(own) == ("bleu", "chrf", "rouge-l", "bleurt")


def test_what_bleurt_cannot_be_of_is_refused(whole: str, tmp_path: Path) -> None:
    """The metric without a checkpoint, a checkpoint for classes, and no metrics at all."""
    copy = str(write_dart(tmp_path))
    with pytest.raises(TaskError, match="'bleurt' is measured by a network; set bleurt to the folder of a checkpoint"):
        open_task(TaskChoice(name="dart", data=copy, metrics=("bleu", "bleurt")))
    with pytest.raises(TaskError, match="metrics names none"):
        open_task(TaskChoice(name="dart", data=copy, metrics=(), bleurt=whole))
    with pytest.raises(TaskError, match="bleurt scores texts that are written; remove it"):
        open_task(TaskChoice(name="glue/rte", bleurt=whole))
    with pytest.raises(TaskError, match="a single-label task has no metric 'bleurt'"):
        open_task(TaskChoice(name="digits", metrics=("bleurt",)))
