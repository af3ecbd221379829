"""Dense INT8 and sparse encoders against the dense one in fp32: milliseconds of a batch, by sparsity.

    python -m tests.benchmarks.encoder_latency [--shapes bert-base minilm]

Weights are drawn at random and cut by magnitude, layer by layer, which times cannot tell from trained ones: what a
product with compressed rows costs depends on how many are left. Each network has one thread, and told are the least
processor seconds of a pass, since whatever else the machine does only adds to them. `piesweep latency` times by the
clock the network that a trial has kept.
"""

from __future__ import annotations

import argparse
import copy
import time
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertForSequenceClassification

from runner.export.latency import dense_int8
from runner.export.sparse_layers import sparse_network

SHAPES = {
    "bert-base": BertConfig(),
    "minilm": BertConfig(num_hidden_layers=6, hidden_size=384, num_attention_heads=12, intermediate_size=1536),
}
BATCHES = ((1, 32), (1, 128), (32, 32))
"""Texts and tokens of each."""


def least(call: Callable[[], object], times: int) -> float:
    """Processor seconds of the fastest of several calls, after two that do not count."""
    found = []
    for _ in range(times + 2):
        begun = time.process_time()
        call()
        found.append(time.process_time() - begun)
    return min(found[2:])


def layer_seconds(layer: nn.Module, given: Tensor) -> float:
    """By which the sparse network chooses the form of a layer here."""
    return least(lambda: layer(given), 5)


@torch.no_grad()
def cut(network: nn.Module, sparsity: float) -> nn.Module:
    """A copy whose linear layers have lost their smallest weights, each the same share."""
    made = copy.deepcopy(network)
    for module in made.modules():
        if type(module) is nn.Linear:
            smallest = module.weight.abs().flatten().kthvalue(int(sparsity * module.weight.numel())).values
            module.weight *= module.weight.abs() > smallest
    return made


def main() -> None:
    """Print all shapes, sparsities and batches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--sparsities", nargs="+", type=float, default=[0.8, 0.9, 0.95])
    parser.add_argument("--passes", type=int, default=8)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    for shape in given.shapes:
        whole = BertForSequenceClassification(SHAPES[shape]).eval()
        for sparsity in given.sparsities:
            dense = cut(whole, sparsity)
            for texts, tokens in BATCHES:
                ids = torch.randint(0, dense.config.vocab_size, (texts, tokens))
                with torch.inference_mode():
                    sparse, forms = sparse_network(dense, texts * tokens, layer_seconds)
                    sides = [
                        least(lambda network=network, ids=ids: network(input_ids=ids), given.passes)
                        for network in (dense, dense_int8(dense), sparse)
                    ]
                base, int8, ours = (1e3 * one for one in sides)
                print(
                    f"{shape}, {sparsity:.0%} removed, {texts} x {tokens} tokens: dense fp32 {base:.1f} ms; "
                    f"INT8 {int8:.1f}, {base / int8:.1f} times as fast; sparse {ours:.1f}, {base / ours:.2f} times "
                    f"({forms.get('csr', 0)} layers in CSR)",
                    flush=True,
                )


if __name__ == "__main__":
    main()
