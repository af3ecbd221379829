"""Compressions in trials: what is asked of all parameters is what goes, or the study is refused."""

from __future__ import annotations

import pytest

from runner.models import MODELS
from runner.pruning.compression import CompressionError
from runner.trial.reach import require_reach
from runner.trial.run import run_trial
from runner.trial.workplace import Workplace
from tests.runner.small_network import ARCHITECTURE
from tests.runner.small_trials import DATA, committed, spec_of


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The small network, of 272 prunable weights, 59 biases and gains, and a classifier."""
    monkeypatch.setitem(MODELS, "small", ARCHITECTURE)


@pytest.mark.parametrize(("base", "reached"), [("all", 2.0), ("with-biases", 1.83)])
def test_what_is_left_is_what_was_asked_for(tmp_path, base, reached):
    """Half of all parameters goes, to the nearest weight; where biases are counted as if they went, less does."""
    workplace = Workplace(root=tmp_path, cache=tmp_path / "cache")
    dense, pruned = (
        spec_of(method, sparsity=0.5, base=base if method == "mp" else "prunable") for method in ("dense", "mp")
    )
    run_trial(dense, workplace=workplace, data=DATA, keep_state=True)
    run_trial(pruned, workplace=workplace, data=DATA)
    facts = committed(workplace, pruned)[0]["facts"]
    assert 1 / (1 - facts["total_sparsity"]) == pytest.approx(reached, abs=0.006)  # half a weight of 367
    assert facts["achieved_sparsity"] > 0.5


def test_a_ratio_out_of_reach_is_refused_before_anything_runs(tmp_path):
    """With the task, the model, and the largest ratio that can be reached."""
    reachable = spec_of("mp", sparsity=0.6, base="all")
    require_reach([reachable, spec_of("mp", sparsity=0.999)], {"points": DATA}, tmp_path)
    with pytest.raises(
        CompressionError, match=r"small on points, mp: 0.9 of all parameters cannot go.*allowed: compressions"
    ):
        require_reach([reachable, spec_of("mp", sparsity=0.9, base="all")], {"points": DATA}, tmp_path)
    assert not list(tmp_path.iterdir())
