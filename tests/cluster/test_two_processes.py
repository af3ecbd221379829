"""Trials that two processes compute together through DeepSpeed, against the same trials in one process.

Same data order, initial weights and draws of dropout: every step's loss, the masks and the predictions must be the same
but for the rounding of sums in another order.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from runner.store.layout import Layout
from runner.trial.checkpoints import STATE
from runner.trial.run import Workplace
from tests.runner.small_sentences import TRAINING, small_checkpoint, small_decoder, spec_of
from tests.runner.trial.sharded_process import attempted

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(600),
    pytest.mark.skipif(find_spec("deepspeed") is None, reason="DeepSpeed is not installed: pip install '.[deepspeed]'"),
]
ROOT = Path(__file__).parents[2]
LOSS = 2e-5
TIED, LOSS_OF_OTHERS = 0.03, 1e-3
"""On some processors impact scores at a cut's threshold are equal up to rounding: so much of a mask may then differ."""
WEIGHTS = 1e-3
"""Keys' biases change no output: their gradients are rounding errors, which Adam scales to whole steps."""

METHODS = {2: ("imp-ft", "iibp-wr"), 3: ("iibp-ft", "mp-ai", "rp-ai")}
"""Which methods are tried with which stage: together every score, schedule and recovery."""

DECODED = {2: "iibp-ft", 3: "imp-ft"}
"""Which of them is tried on a decoder."""


def together(folder: Path, stage: int, trials: list[dict[str, Any]]) -> None:
    """Has two processes compute these trials; fails with what they wrote if one of them did."""
    orders = folder / f"orders-{stage}-{len(list(folder.iterdir()))}.json"
    orders.write_text(
        json.dumps({"count": 2, "stage": stage, "rendezvous": str(orders.with_suffix(".join")), "trials": trials})
    )
    command = [sys.executable, "-m", "tests.runner.trial.sharded_process", str(orders)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "DS_ACCELERATOR": "cpu"}
    logs = [orders.with_suffix(f".{rank}.log") for rank in range(2)]
    started = []
    for rank, log in enumerate(logs):
        with log.open("w") as file:
            started.append(subprocess.Popen([*command, str(rank)], cwd=ROOT, env=environment, stdout=file, stderr=file))
    try:
        ended = [process.wait(400) for process in started]
    finally:
        for process in started:
            process.kill()
    assert ended == [0, 0], "\n".join(log.read_text()[-3000:] for log in logs)


def order(spec, root: Path, name: str, stop_after: int = 0) -> dict[str, Any]:
    """A trial as `together` takes it."""
    return {"settings": spec.settings(), "root": str(root), "name": name, "stop_after": stop_after}


def assert_same(found, wanted, *, since: int = 0) -> None:
    """Losses from step `since` on, masks, moments, weights and answers are those wanted, up to rounding."""
    assert found.keys() == wanted.keys()
    assert torch.equal(found["logits.test"].argmax(1), wanted["logits.test"].argmax(1))
    masks = {name: int((found[name] != wanted[name]).sum()) for name in wanted if name.startswith("mask.")}
    for name, differing in masks.items():
        assert found[name].sum() == wanted[name].sum(), name
        assert differing <= TIED * wanted[name].numel(), f"{name}: {differing} weights differ"
    if any(masks.values()):
        # Weights at the threshold changed places, since sums of gradients round otherwise: what follows is another run.
        torch.testing.assert_close(found["losses"], wanted["losses"][since:], rtol=0, atol=LOSS_OF_OTHERS)
        return
    torch.testing.assert_close(found["losses"], wanted["losses"][since:], rtol=0, atol=LOSS)
    for name, tensor in wanted.items():
        if name not in ("losses", "leaks") and name not in masks:
            torch.testing.assert_close(found[name], tensor, rtol=0, atol=WEIGHTS if "key.bias" in name else 5e-5)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """The small encoder."""
    return small_checkpoint(tmp_path_factory.mktemp("encoder") / "checkpoint")


@pytest.fixture(scope="module")
def decoder(tmp_path_factory):
    """The small decoder, with shared keys and tied weights."""
    return small_decoder(tmp_path_factory.mktemp("decoder") / "checkpoint")


@pytest.fixture(scope="module")
def decoded(decoder, tmp_path_factory):
    """What one process makes of the decoder."""
    root = tmp_path_factory.mktemp("decoded")
    workplace = Workplace(root=root, cache=root / "cache", device="cpu")
    methods = ("dense", *DECODED.values())
    return {method: attempted(spec_of(decoder, method, architecture="decoder"), workplace) for method in methods}


@pytest.fixture(scope="module")
def alone(checkpoint, tmp_path_factory):
    """What one process makes of the dense trial and of each method."""
    root = tmp_path_factory.mktemp("alone")
    workplace = Workplace(root=root, cache=root / "cache", device="cpu")
    methods = ["dense", *(method for tried in METHODS.values() for method in tried)]
    return {method: attempted(spec_of(checkpoint, method), workplace) for method in methods}


@pytest.fixture(scope="module")
def begun(checkpoint, tmp_path_factory):
    """The folder of a trial that one process has begun."""
    root = tmp_path_factory.mktemp("begun")
    attempted(spec_of(checkpoint, "mp-ai"), Workplace(root=root, cache=root / "cache", device="cpu"), stop_after=1)
    return root


@pytest.fixture(scope="module")
def pairs(checkpoint, decoder, begun, tmp_path_factory):
    """By stage, the folder of what two processes make of everything that is tried: one start for each stage."""
    folders = {}
    for stage, methods in METHODS.items():
        root = folders[stage] = tmp_path_factory.mktemp(f"stage-{stage}")
        trials = [order(spec_of(checkpoint, method), root, method) for method in ("dense", *methods)]
        trials += [
            order(spec_of(decoder, method, architecture="decoder"), root, f"decoder-{method}")
            for method in ("dense", DECODED[stage])
        ]
        if stage == 2:
            trials.append(order(spec_of(checkpoint, "mp-ai"), root, "begun", stop_after=1))
            trials.append(order(spec_of(checkpoint, "mp-ai"), begun, "ended"))
            trials.append(order(in_bf16(checkpoint), root, "bf16"))
        together(root, stage, trials)
    return folders


def in_bf16(checkpoint):
    """A trial in bf16, pruned by impact."""
    return spec_of(checkpoint, "ibp-ai", dataclasses.replace(TRAINING, precision="bf16", optimizer="sgd"))


@pytest.mark.parametrize("stage", METHODS)
def test_two_processes_compute_what_one_does(stage, alone, pairs):
    """Dense training, cuts by every kind of score, fine-tuning, rewinding, EL2N and evaluation: as in one process.

    Removed weights are zero after every epoch in the master copy and in the network, which are one.
    """
    for name in ("dense", *METHODS[stage]):
        found = load_file(pairs[stage] / f"{name}.safetensors")
        assert found["leaks"].tolist() == [0.0] * len(found["leaks"])
        assert_same(found, alone[name])


@pytest.mark.parametrize("stage", METHODS)
def test_a_decoder_is_sharded_as_well(stage, decoded, pairs):
    """The same of a causal decoder, whose key and value matrices are narrower than those of its queries."""
    for name in ("dense", DECODED[stage]):
        found = load_file(pairs[stage] / f"decoder-{name}.safetensors")
        assert found["leaks"].tolist() == [0.0] * len(found["leaks"])
        assert_same(found, decoded[name])


def test_scores_are_fp32_in_bf16_too(checkpoint, pairs, tmp_path):
    """The masks are those of one process, and the losses close to its own."""
    wanted = attempted(in_bf16(checkpoint), Workplace(root=tmp_path, cache=tmp_path / "cache", device="cpu"))
    found = load_file(pairs[2] / "bf16.safetensors")
    assert found["leaks"].tolist() == [0.0, 0.0]
    assert [name for name in wanted if name.startswith("mask.") and not torch.equal(found[name], wanted[name])] == []
    torch.testing.assert_close(found["losses"], wanted["losses"], rtol=0, atol=0.02)


def test_a_checkpoint_is_taken_up_by_any_number_of_processes(checkpoint, alone, begun, pairs):
    """Begun by two processes and ended by one, or begun by one and ended by two: the same trial."""
    spec, root = spec_of(checkpoint, "mp-ai"), pairs[2]
    assert (Layout(root).checkpoint(spec.trial_id) / STATE).exists()
    since = len(load_file(root / "begun.safetensors")["losses"])
    assert_same(attempted(spec, Workplace(root=root, cache=root / "cache", device="cpu")), alone["mp-ai"], since=since)
    assert_same(load_file(begun / "ended.safetensors"), alone["mp-ai"], since=since)
