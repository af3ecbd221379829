"""Times of three networks: the sparse one says what the dense one says, and nothing makes it look faster."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from runner.command_line import app
from runner.export import latency
from runner.export.kept_network import kept_network, kept_record
from runner.export.latency import LatencyError, flush_subnormal, measure
from runner.export.sparse_layers import ReducedLinear, forms_of, sparse_network


def layer(rows: int = 12, columns: int = 20, *, bias: bool = True) -> nn.Linear:
    """A linear layer with some weights, an empty row and two empty columns."""
    torch.manual_seed(0)
    linear = nn.Linear(columns, rows, bias=bias)
    with torch.no_grad():
        linear.weight *= torch.rand(rows, columns) > 0.8
        linear.weight[3] = 0
        linear.weight[:, [0, 7]] = 0
    return linear


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_a_reduced_layer_computes_the_same(is_sparse, bias):
    """Empty rows give the bias alone, empty columns are not read, and any number of dimensions may stand before; many
    inputs, which pass by in parts, come out as few do."""
    linear = layer(bias=bias)
    reduced = ReducedLinear(linear, is_sparse=is_sparse)
    assert reduced.weight.shape[0] <= 11
    assert reduced.weight.shape[1] <= 18
    given = torch.randn(2, 5, 20)
    with torch.inference_mode():
        assert torch.allclose(reduced(given), linear(given), atol=1e-6)
        given[..., 0] = torch.inf  # an empty column is not even multiplied
        assert torch.isfinite(reduced(given)).all()
        many = torch.randn(3, 67, 20)
        assert torch.allclose(reduced(many), linear(many), atol=1e-6)


def test_each_layer_has_the_form_that_is_fastest():
    """By the timing that was asked for: one layer stays dense, the other computes in CSR; an empty one stays."""
    network = nn.Sequential(layer(), nn.ReLU(), nn.Linear(12, 4), nn.Linear(4, 3))
    with torch.no_grad():
        network[3].weight.zero_()
    sparse, forms = sparse_network(
        network, 8, lambda one, given: 0.0 if _is_csr(one) == (given.shape[1] == 20) else 1.0
    )
    assert forms == {"csr": 1, "dense": 2}
    assert _is_csr(sparse[0])
    assert type(sparse[2]) is nn.Linear
    assert list(forms_of(network[3])) == ["dense"]
    given = torch.randn(8, 20)
    with torch.inference_mode():
        assert torch.allclose(sparse(given), network(given), atol=1e-6)


def _is_csr(one: nn.Module) -> bool:
    return isinstance(one, ReducedLinear) and one.is_sparse


def test_subnormal_weights_are_flushed_and_counted():
    """Numbers below the smallest normal one become zero; the smallest normal one stays."""
    linear = nn.Linear(4, 1, bias=False)
    tiny = torch.finfo(torch.float32).tiny
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[tiny, tiny / 2, -tiny / 4, 0.0]]))
    assert flush_subnormal(linear) == 2
    assert torch.equal(linear.weight, torch.tensor([[tiny, 0.0, 0.0, 0.0]]))


def test_too_few_examples_are_not_timed(encoder_store, tmp_path):
    """A batch is whole or there is no number; threads are afterwards as they were."""
    root, spec = encoder_store
    kept = kept_network(root, kept_record(root, spec.trial_id), tmp_path)
    before = torch.get_num_threads()
    with pytest.raises(LatencyError, match="there are 31 examples, and a batch has 32"):
        measure(kept, threads=1, seconds=0)
    assert torch.get_num_threads() == before


def test_a_sparse_network_that_says_something_else_is_not_timed(encoder_store, tmp_path, monkeypatch):
    """Whatever makes it wrong: nothing is timed."""
    root, spec = encoder_store
    kept = kept_network(root, kept_record(root, spec.trial_id), tmp_path)
    monkeypatch.setattr(latency, "sparse_network", lambda network, rows: (_zeroed(network), {"dense": 1}))
    with pytest.raises(LatencyError, match="away from the dense one's: nothing is timed"):
        measure(kept, threads=1, seconds=0)


def _zeroed(network: nn.Module) -> nn.Module:
    class Zero(nn.Module):
        def forward(self, **given: torch.Tensor) -> torch.Tensor:
            return torch.zeros_like(network(**given))

    return Zero()


def test_the_command_says_what_was_measured(encoder_store, monkeypatch):
    """Both batch sizes, the paper's figure by its name, and the numbers as JSON; a trial that is not there exits 2."""
    root, spec = encoder_store
    monkeypatch.setattr(latency, "BATCHES", (1, 16))
    told = CliRunner().invoke(app, ["latency", str(root), spec.trial_id, "--seconds", "0.01"])
    assert told.exit_code == 0, told.output
    for words in (
        "dense fp32",
        "dense INT8",
        "sparse fp32",
        "subnormal weights",
        "nothing here promises it",
        "threads",
    ):
        assert words in told.stdout
    found = json.loads(
        CliRunner().invoke(app, ["latency", str(root), spec.trial_id, "--seconds", "0", "--json"]).stdout
    )
    assert [(one["network"], one["batch"]) for one in found["latencies"]] == [
        (name, batch) for batch in (1, 16) for name in ("dense fp32", "dense INT8", "sparse fp32")
    ]
    assert all(one["lower"] <= one["median"] <= one["upper"] for one in found["latencies"])
    assert all(one["measurements"] >= 10 for one in found["latencies"])
    assert sum(found["forms"]["1"].values()) == 14
    assert CliRunner().invoke(app, ["latency", str(root), "00000000"]).exit_code == 2
