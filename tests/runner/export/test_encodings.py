"""Four encodings side by side: they lose nothing, and give the ratios that are known of Gaussian matrices."""

from __future__ import annotations

import gzip
import json
import shutil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from analysis.relations.database import connect
from runner.command_line import app
from runner.export import latency
from runner.export.encodings import CONTROL, SCHEMES, places, steps, storage_of
from runner.export.quantized import compressed, decompressed, dequantized, from_sparse_int8, int8, sparse_int8
from runner.store.digest import digest
from runner.store.verify import broken_invariants

KNOWN = {"csr": (6.6, 6.6), "csr-gzip": (9.8, 11.2), "delta-gzip": (15.1, 15.1), CONTROL: (11.9, 11.9)}
"""Encoding -> least and most of the ratios of Gaussian matrices of BERT's shapes, of which 80 % were removed."""


def gaussian(rows: int, columns: int, removed: float = 0.8) -> tuple[torch.Tensor, torch.Tensor]:
    """A matrix whose smallest values were removed, and what stays."""
    weight = 0.04 * torch.randn(rows, columns, generator=torch.Generator().manual_seed(0))
    mask = weight.abs() > weight.abs().flatten().kthvalue(round(removed * weight.numel())).values
    return weight.where(mask, 0), mask


def test_gaussian_matrices_have_the_known_ratios():
    """In small: rows as long as BERT's, fewer of them. Within 5 % of what is known of the whole."""
    pairs = {f"m{columns}": gaussian(192, columns) for columns in (768, 3072)}
    state = {name: weight for name, (weight, _) in pairs.items()}
    found = {one.encoding: one.ratio for one in storage_of(state, {n: mask for n, (_, mask) in pairs.items()}, [])}
    for encoding, (least, most) in KNOWN.items():
        assert 0.95 * least < found[encoding] < 1.05 * most, encoding


def test_the_control_is_plain_gzip_of_every_value():
    """Made again here from its description."""
    weight, mask = gaussian(64, 128)
    (found,) = [one for one in storage_of({"w": weight}, {"w": mask}, []) if one.encoding == CONTROL][:1]
    values = torch.round(weight / (weight.abs().max() / 127)).to(torch.int8).numpy()
    assert found.bytes == len(gzip.compress(values.tobytes(), 6, mtime=0)) + 4
    assert found.fp32_bytes == 4 * 64 * 128


def test_embeddings_are_counted_or_not():
    """Both for every encoding; what is not pruned is dense INT8, and vectors stay fp32."""
    weight, mask = gaussian(32, 64)
    state = {"w": weight, "words": torch.randn(100, 64), "bias": torch.zeros(32)}
    found = storage_of(state, {"w": mask}, ["words"])
    assert [(one.encoding, one.embeddings) for one in found] == [(e, w) for w in (False, True) for e in SCHEMES]
    sizes = {(one.encoding, one.embeddings): one for one in found}
    assert sizes["csr", False].bytes == 3 * int(mask.sum()) + 4 * 33 + 4 + 4 * 32
    assert sizes["csr", True].bytes - sizes["csr", False].bytes == 100 * 64 + 4
    assert sizes["csr", True].fp32_bytes - sizes["csr", False].fp32_bytes == 4 * 100 * 64


@given(st.lists(st.integers(0, 3000), unique=True))
def test_steps_come_back(taken):
    """Whatever the ways between weights, those of 255 and its multiples among them."""
    given_places = np.array(sorted(taken), np.int64)
    assert places(steps(given_places)).tolist() == given_places.tolist()


@pytest.mark.parametrize("gap", [254, 255, 256, 510, 511])
def test_long_ways_take_more_bytes(gap):
    """A way of so many removed weights comes back."""
    assert places(steps(np.array([0, gap + 1]))).tolist() == [0, gap + 1]


def test_compressed_rows_come_back():
    """Empty rows and a full one among them."""
    weight, mask = gaussian(5, 9, 0.5)
    mask[2], mask[3] = False, True
    values = int8(weight.where(mask, 0)).values
    rows = compressed(values, mask.numpy())
    assert np.array_equal(decompressed(rows, 9), np.where(mask.numpy(), values, 0))


def test_a_sparse_state_loads_back_exactly():
    """Every tensor equals the dequantised one: pruned a little and much, of filters, of vectors, of counters."""
    much, mask = gaussian(16, 40, 0.9)
    little, other = gaussian(16, 40, 0.1)
    filters = torch.randn(4, 3, 5, 5) * (torch.rand(4, 3, 5, 5) > 0.8)
    state = {"a": much, "b": little, "c": filters, "d": torch.randn(7), "e": torch.tensor(3), "f": torch.zeros(3, 4)}
    found = from_sparse_int8(sparse_int8(state, {"a": mask, "b": other, "c": filters != 0}))
    expected = dequantized(state)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert (expected["a"] - much).abs().max() <= much.abs().max() / 254 * 1.01


def test_no_ratio_is_shown_without_its_control(encoder_store):
    """Every row of the table has the control's ratio beside its own, and the paper's figure is named for what it is."""
    root, spec = encoder_store
    told = CliRunner().invoke(app, ["storage", str(root), spec.trial_id])
    assert told.exit_code == 0, told.output
    assert told.stdout.count("with") >= 8
    assert "control's" in told.stdout
    assert "measures an encoding as much as pruning" in told.stdout
    listed = json.loads(CliRunner().invoke(app, ["storage", str(root), spec.trial_id, "--json"]).stdout)
    assert sum(one["encoding"] == CONTROL for one in listed) == 2
    assert CliRunner().invoke(app, ["storage", str(root), "0000"]).exit_code == 2


def test_what_is_measured_may_be_kept(encoder_store, tmp_path, monkeypatch):
    """Bytes and times stand in the view efficiency, beside the file that the trial kept; the digest stays."""
    root, spec = encoder_store
    monkeypatch.setattr(latency, "BATCHES", (1, 16))
    store = tmp_path / "store"
    shutil.copytree(root, store)
    before = digest(store)
    for words in (["storage"], ["latency", "--seconds", "0"]):
        told = CliRunner().invoke(app, [words[0], str(store), spec.trial_id, *words[1:], "--keep", "--json"])
        assert told.exit_code == 0, told.output
    assert digest(store) == before
    assert not broken_invariants(store)
    rows = connect(store).sql("FROM efficiency").to_arrow_table().to_pylist()
    own = [row for row in rows if row["trial_id"] == spec.trial_id]
    assert {row["name"] for row in own if row["measure"] == "storage"} == {*SCHEMES, "as-kept"}
    assert {row["name"] for row in own if row["measure"] == "latency"} == {"dense fp32", "dense INT8", "sparse fp32"}
    (kept,) = [row for row in own if row["name"] == "as-kept"]
    assert 0 < kept["bytes"] < kept["fp32_bytes"]
    assert all(row["machine"] for row in own if row["measure"] == "latency")
    assert not (root / "efficiency").exists()
