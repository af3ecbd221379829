"""BLEURT of written texts: what a plain loop over pairs gives, and what a store keeps of it."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from runner.store import reader
from runner.store.errors import StoreError
from runner.store.merge import MergeConflict, merge
from runner.store.writer import save_task
from runner.sweep.preconditions import require_bleurt
from runner.trial import bleurt
from runner.trial.run import run_trial
from runner.trial.workplace import Workplace
from tasks.base import TaskData, TaskError
from tasks.bleurt_folder import checkpoint_in
from tasks.kinds import KINDS
from tasks.metric_choice import measured
from tests.bleurt_checkpoints import LONGEST, SPECIAL, WORDS, write_checkpoint
from tests.runner.trial.test_generation import DATA, checkpoint, spec_of
from tests.runner.trial.test_tagging import committed

__all__ = ["checkpoint"]
CPU = torch.device("cpu")
CLS, SEP = SPECIAL.index("[CLS]"), SPECIAL.index("[SEP]")


@pytest.fixture(scope="module", params=["bert", "rembert"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small checkpoint of either network."""
    return write_checkpoint(tmp_path_factory.mktemp("bleurt") / "tiny", kind=request.param)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small BERT."""
    return write_checkpoint(tmp_path_factory.mktemp("bleurt") / "tiny")


def texts(count: int, most: int) -> list[str]:
    """Some words each, of some texts none."""
    random = np.random.default_rng(count)
    return [" ".join(random.choice(WORDS[:12], random.integers(0, most))) for _ in range(count)]


def test_the_score_is_that_of_a_plain_loop(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pair by pair without a batch: the mean over texts of the best over their references, long pairs cut.

    [CLS] reference [SEP] text [SEP], of empty texts too.
    """
    monkeypatch.setattr(bleurt, "PAIRS_AT_ONCE", 7)
    said, given = texts(30, 16), texts(75, 20)
    counts = [1 + at % 4 for at in range(30)]
    references = [given[sum(counts[:at]) : sum(counts[: at + 1])] for at in range(30)]
    network = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)

    def output(reference: str, text: str) -> float:
        first, second = (tokenizer.encode(one, add_special_tokens=False) for one in (reference, text))
        while len(first) + len(second) > LONGEST - 3:
            (first if len(first) > len(second) else second).pop()
        ids = [CLS, *first, SEP, *second, SEP]
        types = [0] * (len(first) + 2) + [1] * (len(second) + 1)
        return float(network(torch.tensor([ids]), token_type_ids=torch.tensor([types])).logits)

    with torch.no_grad():
        outputs = [[output(one, text) for one in true] for text, true in zip(said, references, strict=True)]
    assert "" in said
    assert "" in given
    assert max(len(text.split()) for text in said) + max(len(text.split()) for text in given) > LONGEST
    assert np.std([one for row in outputs for one in row]) > 0.05
    judge = bleurt.opened(checkpoint_in(folder))
    score = bleurt.bleurt(judge, said, references, CPU)
    assert score == pytest.approx(np.mean([max(row) for row in outputs]), abs=1e-6)
    assert bleurt.bleurt(judge, said, references, CPU) == score
    with pytest.raises(ValueError, match="zero-size"):
        bleurt.bleurt(judge, ["a place"], [[]], CPU)


def without_layer(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """All but one weight of the second layer."""
    return {key: value for key, value in weights.items() if key != "bert.encoder.layer.1.output.dense.weight"}


def with_more(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """One weight of a third layer, which the configuration does not have."""
    return weights | {"bert.encoder.layer.2.output.dense.bias": torch.zeros(16)}


def with_fewer_words(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A table of words that is not the configuration's."""
    name = "bert.embeddings.word_embeddings.weight"
    return weights | {name: weights[name][:-1].clone()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_layer, "are not those of its config.json, 1 such as bert.encoder.layer.1.output.dense.weight"),
        (with_more, "are not those of its config.json, 1 such as bert.encoder.layer.2.output.dense.bias"),
        (with_fewer_words, "cannot be loaded"),
    ],
)
def test_weights_that_are_not_those_of_the_network_are_refused(tiny: str, tmp_path: Path, change, message: str) -> None:
    """Before anything runs: what lacks would be drawn at random, and what is left over would be dropped."""
    copy = Path(shutil.copytree(tiny, tmp_path / "copy"))
    save_file(change(load_file(copy / "model.safetensors")), copy / "model.safetensors")
    data = dataclasses.replace(DATA, bleurt=checkpoint_in(str(copy)))
    with pytest.raises(TaskError) as refused:
        require_bleurt({"places": data})
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_tokenizer_of_another_network_is_refused(tiny: str, tmp_path: Path) -> None:
    """One of more words than the network has, and one that runs the two texts of a pair together."""
    larger = Path(shutil.copytree(tiny, tmp_path / "larger"))
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    tokenizer.add_tokens(["zizzi"])
    tokenizer.save_pretrained(larger)
    running = Path(shutil.copytree(tiny, tmp_path / "running"))
    text = (running / "tokenizer.json").read_text()
    (running / "tokenizer.json").write_text(text.replace('"type_id": 1', '"type_id": 0'))
    (running / "tokenizer_config.json").write_text('{"tokenizer_class": "TokenizersBackend", "pad_token": "[PAD]"}')
    for folder in (larger, running):
        with pytest.raises(TaskError, match=r"the tokenizer in .* is not that of its network"):
            bleurt.opened(checkpoint_in(str(folder)))


def test_another_checkpoint_at_the_same_place_is_refused(tiny: str, tmp_path: Path) -> None:
    """As it may lie on another machine."""
    copy = Path(shutil.copytree(tiny, tmp_path / "copy"))
    known = checkpoint_in(str(copy))
    write_checkpoint(copy, seed=4)
    with pytest.raises(TaskError, match="holds another checkpoint here"):
        bleurt.opened(known)


def scored(folder: str) -> TaskData:
    """The small task, its texts scored by a checkpoint too."""
    return dataclasses.replace(DATA, metrics=("bleu", "bleurt"), bleurt=checkpoint_in(folder))


def test_a_trial_keeps_the_score_of_its_texts(tiny: str, checkpoint: str, workplace: Workplace) -> None:
    """Of all texts of the split, beside the kind's own; the same trial without has the same rows."""
    save_task(workplace.root, scored(tiny))
    data = reader.task_data(workplace.root, "places")
    run_trial(spec_of(checkpoint), workplace=workplace, data=data)
    record, rows = committed(workplace, spec_of(checkpoint))
    found = record["facts"]["metrics"]["test"]
    references = DATA.split("test")["gold_texts"].to_pylist()
    judge = bleurt.opened(checkpoint_in(tiny))
    assert found["bleurt"] == pytest.approx(bleurt.bleurt(judge, rows["answer"].to_pylist(), references, CPU))
    assert {"bleu", "chrf", "rouge-l"} < found.keys()
    plain = dataclasses.replace(workplace, root=workplace.root.with_name("plain"))
    save_task(plain.root, DATA)
    run_trial(spec_of(checkpoint), workplace=plain, data=DATA)
    without, _ = committed(plain, spec_of(checkpoint))
    assert (without["rows_sha256"], without["trial_id"]) == (record["rows_sha256"], record["trial_id"])
    assert "bleurt" not in without["facts"]["metrics"]["test"]


def test_without_its_network_the_metric_is_no_number() -> None:
    """Who asks for it where no network is at hand is told, and does not get the other metrics alone."""
    kind = KINDS["generation"]
    gold, said = kind.codes(pa.array([["a place"]]), 0), kind.codes(pa.array(["a place"]), 0)
    with pytest.raises(TaskError, match="'bleurt' is measured by a network"):
        measured(kind, ("bleu", "bleurt"), gold, said, ())


def test_a_store_has_one_checkpoint_a_task(tiny: str, tmp_path: Path) -> None:
    """The same at another place is taken, and another one refused, other metrics meanwhile or not; so in a merge."""
    root, other = tmp_path / "store", write_checkpoint(tmp_path / "other", seed=1)
    save_task(root, DATA)
    save_task(root, scored(tiny))
    save_task(root, DATA)
    card = reader.task_card(root, "places")
    assert (card.metrics, card.bleurt) == ((), checkpoint_in(tiny))
    with pytest.raises(StoreError, match="has BLEURT of task 'places' by another checkpoint"):
        save_task(root, scored(other))
    copy = str(shutil.copytree(tiny, tmp_path / "copy"))
    save_task(root, scored(copy))
    assert reader.task_card(root, "places").bleurt == checkpoint_in(copy)
    save_task(tmp_path / "second", scored(other))
    with pytest.raises(MergeConflict, match="BLEURT by checkpoint"):
        merge(tmp_path / "merged", [root, tmp_path / "second"])
