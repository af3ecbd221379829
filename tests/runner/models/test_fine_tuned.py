"""Fine-tuned checkpoints: classes by their names, never by index, and no masks that still stand beside weights."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.utils import prune
from transformers import BertConfig, BertForSequenceClassification, BertModel

from runner.models import ModelError, encoder
from runner.models.base import ModelContext
from runner.models.class_order import class_order
from runner.trial.class_identity import require_identity
from runner.trial.devices import Compute, Device
from runner.trial.training_set import TrainingSet
from tests.runner.small_trials import DATA, TRAINING
from tests.runner.trial.test_trainer import PAPER, points

from .conftest import Contexts

NLI = ("entailment", "neutral", "contradiction")


def fine_tuned(folder: Path, checkpoint: Path, names: tuple[str, ...]) -> Path:
    """A classifier on the small checkpoint whose classes have these names."""
    config = BertConfig.from_pretrained(checkpoint, num_labels=3, id2label=dict(enumerate(names)))
    torch.manual_seed(5)
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def named(given: ModelContext) -> ModelContext:
    """The same for a task of these classes."""
    return dataclasses.replace(given, names=NLI)


def test_classes_are_ordered_by_name() -> None:
    """Whatever their case and whatever joins their words; numbers alone say nothing; other names are refused."""
    assert class_order(["Contradiction", "ENTAILMENT", "neutral"], NLI, "x") == [1, 2, 0]
    assert class_order(["not_entailment", "entailment"], ["entailment", "not entailment"], "x") == [1, 0]
    assert class_order(["LABEL_0", "LABEL_1", "LABEL_2"], NLI, "x") is None
    for given in (["yes", "no", "maybe"], ["LABEL_0", "LABEL_1"], ["entailment", "neutral"]):
        with pytest.raises(ModelError, match=f"tells {', '.join(given)} apart, and the task entailment, neutral"):
            class_order(given, NLI, "x")


def test_a_kept_output_layer_says_what_the_checkpoint_says(context: Contexts, checkpoint: Path, tmp_path: Path) -> None:
    """Logits are the checkpoint's, each under the task's index of its class; by index they would be permuted."""
    place = fine_tuned(tmp_path / "nli", checkpoint, ("contradiction", "entailment", "neutral"))
    given = named(context("bert", {"checkpoint": str(place), "classifier": "kept"}))
    network = encoder.build(given).eval()
    whole = BertForSequenceClassification.from_pretrained(place).eval()
    ids = torch.tensor([[2, 7, 8, 3], [2, 9, 10, 3]])
    torch.testing.assert_close(network(ids), whole(ids).logits[:, [1, 2, 0]])
    assert not network.has_unnamed_classes
    assert not torch.equal(network(ids), whole(ids).logits)


def test_an_output_layer_that_cannot_be_kept_is_refused(context: Contexts, checkpoint: Path, tmp_path: Path) -> None:
    """Other names, other kinds of answer and another word are told in a line; nameless classes are to be asked."""
    place = fine_tuned(tmp_path / "nli", checkpoint, ("LABEL_0", "LABEL_1", "LABEL_2"))
    options = {"checkpoint": str(place), "classifier": "kept"}
    assert encoder.build(named(context("bert", options))).has_unnamed_classes
    with pytest.raises(ModelError, match="allowed: new, and kept for single-label"):
        encoder.build(named(context("bert", options, kind="multi-label")))
    with pytest.raises(ModelError, match="classifier is 'old'"):
        encoder.build(named(context("bert", {**options, "classifier": "old"})))
    other = fine_tuned(tmp_path / "other", checkpoint, ("yes", "no", "maybe"))
    with pytest.raises(ModelError, match=r"tells yes, no, maybe apart.*set classifier: new"):
        encoder.build(named(context("bert", {**options, "checkpoint": str(other)})))


class Guessing(nn.Module):
    """Says of every point the class that the data have, under another number."""

    def __init__(self, order: list[int]) -> None:
        super().__init__()
        self.order = order

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels[:, :3][:, self.order]


def test_classes_without_names_must_fit_as_they_are_numbered() -> None:
    """The best permutation on training rows must be none: another is told with how much better it fits."""
    compute = Compute(device=Device(torch=torch.device("cpu"), vendor="cpu", name="test"))
    given = TrainingSet(**points(False), seed=1, training=TRAINING, protocol=PAPER, compute=compute)
    assert DATA.classes == ("a", "b", "c")
    require_identity(Guessing([0, 1, 2]), given)
    with pytest.raises(
        ModelError, match=r"of 120 training rows it has 0 right .* but 120 if its numbers 1, 2, 0 stood"
    ):
        require_identity(Guessing([2, 0, 1]), given)


@pytest.mark.parametrize("merged", [True, False])
def test_masks_beside_weights_are_refused(context: Contexts, checkpoint: Path, tmp_path: Path, merged: bool) -> None:
    """torch's weight_orig and weight_mask are no weights: transformers would draw new ones without a word."""
    network = BertModel.from_pretrained(checkpoint)
    layer = network.encoder.layer[0].output.dense
    prune.l1_unstructured(layer, "weight", 0.5)
    if merged:
        prune.remove(layer, "weight")
    for name in ("config.json", "vocab.txt", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((checkpoint / name).read_bytes())
    save_file(
        {name: value.contiguous() for name, value in network.state_dict().items()}, tmp_path / "model.safetensors"
    )
    given = context("bert", {"checkpoint": str(tmp_path)})
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == "bert"
    if merged:
        found = encoder.build(given).encoder.encoder.layer[0].output.dense.weight
        assert (found == 0).float().mean() == 0.5
        return
    assert any("weight_orig" in name for name in load_file(tmp_path / "model.safetensors"))
    with pytest.raises(ModelError, match=r"masks stand beside its weights \(.*weight_mask and 1 others\)"):
        encoder.build(given)
