"""What layers look like at the end: counted again here from the network itself."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from runner.extras import BINS, EXTRAS, GRID, Planned
from runner.spec import Record
from runner.store import reader
from runner.store.extra_files import read_extra
from runner.store.rows import in_memory
from runner.trial.extras.layers import described, pattern, rank
from runner.trial.extras.model import restored
from runner.trial.extras.rows import as_parquet
from runner.trial.run import run_trial
from tests.runner.small_trials import DATA, spec_of


def test_every_number_is_that_of_the_kept_network(workplace, small_model):
    """Weights left, rank, empty rows and columns, histogram: from the network kept beside them."""
    spec = spec_of("mp-ai", record=Record(extras=("layers", "model")))
    run_trial(spec, workplace=workplace, data=DATA)
    record = reader.commit_record(workplace.root, spec.trial_id)
    model = restored(read_extra(workplace.root, record, "model"))
    rows = pq.ParquetFile(in_memory(read_extra(workplace.root, record, "layers"))).read().to_pylist()
    assert sorted(row["layer"] for row in rows) == sorted(model.masks)
    for row in rows:
        weight, mask = model.state[row["layer"]].numpy(), model.masks[row["layer"]].numpy()
        values = weight[mask]
        assert (row["outputs"], row["inputs"]) == weight.shape
        assert row["kept"] == mask.sum() == sum(row["histogram"])
        assert row["rank"] == np.linalg.matrix_rank(weight)
        assert row["empty_rows"] == pytest.approx((~mask.any(1)).mean())
        assert row["empty_columns"] == pytest.approx((~mask.any(0)).mean())
        assert (row["low"], row["high"]) == (values.min(), values.max())
        assert np.abs(np.histogram(values, BINS, (row["low"], row["high"]))[0] - row["histogram"]).sum() <= 2
        assert np.array_equal(row["pattern"], 255 * mask.ravel())
    assert sum(row["kept"] for row in rows) == pytest.approx(
        (1 - record.facts.achieved_sparsity) * record.facts.prunable
    )


def test_ranks_by_the_stated_tolerance():
    """Full, one, none; and of a weight that is no number, none is said."""
    assert rank(torch.eye(5)) == 5
    assert rank(torch.ones(6, 4)) == 1
    assert rank(torch.zeros(3, 3)) == 0
    assert rank(torch.diag(torch.tensor([1.0, 1e-9]))) == 1
    assert rank(torch.full((2, 2), torch.nan)) is None


def test_filters_vectors_and_empty_layers():
    """A filter is a row; a vector has no rank; a layer of which nothing stays has no values."""
    filters = described(torch.ones(4, 3, 2, 2), torch.ones(4, 3, 2, 2, dtype=torch.bool))
    assert (filters["outputs"], filters["inputs"], filters["rank"]) == (4, 12, 1)
    assert filters["histogram"] == [48, *[0] * (BINS - 1)]
    assert described(torch.ones(7), torch.ones(7, dtype=torch.bool))["rank"] is None
    nothing = described(torch.zeros(2, 3), torch.zeros(2, 3, dtype=torch.bool))
    assert (nothing["kept"], nothing["rank"], nothing["empty_rows"], sum(nothing["histogram"])) == (0, 0, 1.0, 0)


def test_a_pattern_is_the_share_of_each_block():
    """Blocks of 2 x 3 weights: full, empty, a third."""
    kept = torch.zeros(2 * GRID, 3 * GRID, dtype=torch.bool)
    kept[:2, :3] = True
    kept[0, 3:5] = True
    found = pattern(kept)
    assert found[:3].tolist() == [255, 85, 0]
    assert len(found) == GRID**2


def test_a_plan_says_what_layers_take_at_most():
    """Random patterns hardly compress: a file of twenty layers is within what the plan says."""
    generator = torch.Generator().manual_seed(0)
    rows = []
    for number in range(20):
        weight = torch.randn(256, 192, generator=generator)
        mask = torch.rand(256, 192, generator=generator) > 0.8
        rows.append({"layer_no": number, "layer": f"encoder.layer.{number}.weight", **described(weight * mask, mask)})
    found = as_parquet("layers", "0" * 16, {name: [row[name] for row in rows] for name in rows[0]})
    planned = EXTRAS["layers"].bytes(Planned(parameters=0, prunable=0, layers=20, removed=0))
    assert 0.3 * planned < len(found.payload) <= planned
