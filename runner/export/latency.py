"""How long a network takes for a text on this machine: dense fp32, dense INT8, and sparse, in one run.

All three are asked in turn, so that what else the machine does hits them alike, with a fixed number of threads, after a
warm-up. Subnormal weights, which slow processors many times and would make whatever drops them look fast, are set to
zero in all three, and counted.
"""

from __future__ import annotations

import copy
import statistics
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from runner.export.kept_network import KeptNetwork
from runner.export.sparse_layers import sparse_network

BATCHES = (1, 32)
WARM_UP = 3
FEWEST = 10
"""Measurements of each network, however long they take."""
TOLERANCE = 1e-3
"""By how much the sparse network's largest logit may differ from the dense one's."""


class LatencyError(RuntimeError):
    """A network whose times would mean nothing: says why."""

    exit_status = 2


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Seconds a text of one network at one batch size: the median, the quartiles, and of how many measurements."""

    network: str
    batch: int
    median: float
    lower: float
    upper: float
    measurements: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one run found. forms: by batch size, in how many layers the sparse network computes in which form."""

    latencies: tuple[Latency, ...]
    forms: dict[int, dict[str, int]]
    subnormal: int
    threads: int
    sparsity: float
    tokens: dict[int, int]


def measure(kept: KeptNetwork, *, threads: int = 1, seconds: float = 2.0) -> Measured:
    """Time the three networks; `seconds` for each batch size. LatencyError where the sparse one says something else."""
    network = copy.deepcopy(kept.network)
    subnormal = flush_subnormal(network)
    latencies: list[Latency] = []
    forms: dict[int, dict[str, int]] = {}
    tokens: dict[int, int] = {}
    with _settled(threads):
        int8 = dense_int8(network)
        for batch in BATCHES:
            given = kept.inputs(batch)
            if (there := len(next(iter(given.values())))) < batch:
                raise LatencyError(f"there are {there} examples, and a batch has {batch}; nothing is timed")
            tokens[batch] = _rows(given)
            sparse, forms[batch] = sparse_network(network, tokens[batch])
            networks = {"dense fp32": network, "dense INT8": int8, "sparse fp32": sparse}
            _require_equal(network, sparse, given)
            latencies += _timed(networks, given, batch, seconds)
    return Measured(
        latencies=tuple(latencies),
        forms=forms,
        subnormal=subnormal,
        threads=threads,
        sparsity=kept.record.facts.achieved_sparsity,
        tokens=tokens,
    )


@torch.no_grad()
def flush_subnormal(network: nn.Module) -> int:
    """Set weights to zero that are smaller than the smallest normal number; how many there were."""
    found = 0
    for weight in network.parameters():
        is_subnormal = (weight != 0) & (weight.abs() < torch.finfo(weight.dtype).tiny)
        found += int(is_subnormal.sum())
        weight.masked_fill_(is_subnormal, 0)
    return found


def dense_int8(network: nn.Module) -> nn.Module:
    """A copy whose linear layers and LSTMs compute in INT8, by torch's dynamic quantisation."""
    with warnings.catch_warnings():
        # It is deprecated for an add-on that few have installed, and still what torch alone can do.
        warnings.simplefilter("ignore")
        made: nn.Module = torch.ao.quantization.quantize_dynamic(  # type: ignore[no-untyped-call]
            copy.deepcopy(network), {nn.Linear, nn.LSTM}, dtype=torch.qint8
        )
    return made.eval()


@contextmanager
def _settled(threads: int) -> Iterator[None]:
    """A fixed number of threads; subnormal numbers that arise on the way count as zero."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)


def _rows(given: Mapping[str, Tensor]) -> int:
    """How many rows a layer sees: the tokens of a batch."""
    first = next(iter(given.values()))
    return first.shape[0] * (first.shape[1] if "input_ids" in given else 1)


def _require_equal(dense: nn.Module, sparse: nn.Module, given: Mapping[str, Tensor]) -> None:
    wanted, found = dense(**given), sparse(**given)
    off = float((wanted - found).abs().max())
    if not off <= TOLERANCE * max(1.0, float(wanted.abs().max())):
        raise LatencyError(f"the sparse network's logits are {off:g} away from the dense one's: nothing is timed")


def _timed(networks: Mapping[str, nn.Module], given: Mapping[str, Tensor], batch: int, seconds: float) -> list[Latency]:
    """Each network's times, asked in turn until the seconds are over."""
    found: dict[str, list[float]] = {name: [] for name in networks}
    for network in networks.values():
        for _ in range(WARM_UP):
            network(**given)
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends or min(map(len, found.values())) < FEWEST:
        for name, network in networks.items():
            begun = time.perf_counter()
            network(**given)
            found[name].append((time.perf_counter() - begun) / batch)
    return [_summary(name, batch, times) for name, times in found.items()]


def _summary(name: str, batch: int, times: list[float]) -> Latency:
    lower, median, upper = statistics.quantiles(times, n=4)
    return Latency(network=name, batch=batch, median=median, lower=lower, upper=upper, measurements=len(times))
