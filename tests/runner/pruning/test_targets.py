"""Which parameters pruning may touch, of networks whose sizes papers state."""

from __future__ import annotations

import dataclasses

import pytest

from runner.models import MODELS, load_module
from runner.models.base import ModelContext
from runner.pruning.targets import TARGETS, sizes_of
from tests.runner.small_network import SmallNetwork


@pytest.fixture(scope="module")
def bert():
    """BERT-base with two classes, its shapes alone."""
    module = load_module(MODELS["bert"])
    fields = {field.name for field in dataclasses.fields(ModelContext)}
    values = {"options": {"checkpoint": "bert-base-uncased"}, "classes": 2, "reads": "text"}
    return module.shape(ModelContext(**{**dict.fromkeys(fields), **values}))


def test_matrices_of_bert_are_those_that_platon_and_pins_prune(bert):
    """72 matrices with their biases: 85,017,600 weights, as names in the authors' code choose them."""
    names = ("attention.self", "attention.output.dense", "output.dense", "intermediate.dense")
    expected = {name for name, _ in bert.named_parameters() if any(part in name for part in names)}
    found = TARGETS["matrices-and-biases"](bert)
    assert found.keys() == expected
    assert sum(weight.numel() for weight in found.values()) == 85_017_600
    alone = TARGETS["matrices"](bert)
    assert (len(alone), sum(weight.numel() for weight in alone.values())) == (72, 84_934_656)


def test_biases_that_may_go_are_counted_once():
    """Sizes count a bias among what pruning may remove, or beside it, never as both."""
    network = SmallNetwork(3)
    sizes = {name: sizes_of(network, TARGETS[name]) for name in ("matrices", "matrices-and-biases")}
    assert [(size.prunable, size.biases) for size in sizes.values()] == [(272, 27), (299, 0)]
