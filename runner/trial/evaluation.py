"""Evaluate a trained network: what it says of every example, and how good that is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from runner.heads.base import HALF, Head
from runner.models.base import Encoded
from runner.models.windows import EncodedWindows
from runner.spec import Protocol
from runner.store.schema import PREDICTION_FIELDS
from runner.trial.batches import Batch, in_order, joined, to_device
from runner.trial.devices import Compute
from runner.trial.writing import Written
from tasks.kinds.base import Codes, Kind
from tasks.metric_choice import NO_NETWORKS, Metric, measured


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A network's outputs on one split, in the split's order.

    example_ids: int32 [n]. logits: fp32 [n, units] or [n, words, units], on the CPU. targets: what the head makes of
    the gold answers. examples: the rows of the split, for kinds that need more of them than ids. written: what the
    network wrote, where answers are texts. threshold: the
    probability above which a class is predicted, where the kind has one. el2n: fp32 [n], where it was measured.
    """

    split: str
    example_ids: NDArray[np.int32]
    logits: Tensor
    targets: Tensor
    head: Head
    examples: pa.Table | None = None
    written: Written | None = None
    threshold: float = HALF
    el2n: Tensor | None = None

    @cached_property
    def kind(self) -> Kind:
        """That of the head, as the examples have it."""
        return self.head.kind if self.examples is None else self.head.kind.about(self.examples)

    def decisions(self) -> Codes:
        """What is answered, in the codes of the kind (tasks.kinds)."""
        if self.written is not None:
            return self.kind.codes(pa.array(self.written.texts, pa.string()), 0)
        return self.kind.decide(self.head.scores(self.logits), self.threshold)

    def gold(self) -> Codes:
        """The true answers, in the codes of the kind."""
        if self.written is not None and self.examples is not None:
            (gold,) = self.kind.gold
            return self.kind.codes(self.examples[gold].combine_chunks(), 0)
        return self.head.gold(self.targets)


def answer(network: nn.Module, encoded: Encoded, batch_size: int, compute: Compute) -> Tensor:
    """Logits of every row of a split, fp32 on the CPU, without dropout; each process answers some rows.

    [n, units], or where the head reads words [n, words, units], words the most that a row has. Of rows that are read in
    windows those of all their windows, joined.
    """
    if isinstance(encoded, EncodedWindows):
        return encoded.joined(answer(network, encoded.windows, batch_size, compute))
    turns = compute.processes.turns(in_order(encoded.lengths, batch_size))
    counted = np.concatenate([np.empty(0, np.int64), *(rows for rows, counts in turns if counts)])
    network.eval()
    unasked = torch.empty(0)
    parts: list[Tensor] = []
    # Weights that are fetched in inference mode could not be trained any more.
    mode = torch.inference_mode() if compute.processes.count == 1 else torch.no_grad()
    with mode, compute.autocast():
        for rows, _ in turns:
            batch = to_device(Batch(rows, encoded.inputs(rows), unasked), compute.device.torch)
            parts.append(network(**batch.inputs).float())
    words = max(part.shape[1] for part in parts) if parts[0].ndim > 2 else 0
    together = joined(parts, compute.processes.most(words)).cpu()
    logits = together.new_zeros(len(encoded.lengths), *together.shape[1:])
    logits[torch.from_numpy(counted)] = together[: len(counted)]
    return compute.processes.summed(logits)


def el2n_epoch(epochs: int, protocol: Protocol) -> int:
    """After how many of a dense trial's epochs EL2N is measured.

    beyond-30: the first count k with k > 0.3 E (Tropeano et al. 2025, footnote 5). rounded-30: round(0.3 E) + 1, at
    most E, as in their code (training.py:284-292).
    """
    if protocol.influence == "beyond-30":
        return 3 * epochs // 10 + 1
    return min(round(0.3 * epochs) + 1, epochs)


def metrics_of(
    answers: Answers,
    metrics: Sequence[str] = (),
    classes: Sequence[str] | None = None,
    networks: Mapping[str, Metric] = NO_NETWORKS,
) -> dict[str, float | None]:
    """These metrics, mean loss (None if not finite), and how many rows have an output that is no number.

    metrics: those of the kind if none are given. classes: their names, for metrics of a single one. networks: the
    metrics that a network gives.
    Where words are read also how many were cut (runner.models.places): their answers are the lowest code.
    """
    if not answers.kind.scored_by_rows:  # another headline must find its own here
        metrics = tuple(dict.fromkeys((*metrics, *answers.kind.metrics)))
    names = [*map(str, range(answers.logits.shape[-1]))] if classes is None else classes
    found = measured(answers.kind, metrics, answers.gold(), answers.decisions(), names, networks)
    result: dict[str, float | None] = {name: value if math.isfinite(value) else None for name, value in found.items()}
    result["loss"] = loss_of(answers)
    if answers.written is not None:
        result["cut_answers"] = float(answers.written.unended)
    elif answers.logits.ndim == 3:
        result["cut_words"] = float((answers.logits == 0).all(-1).sum())
    result["nan_rows"] = float(answers.logits.isnan().flatten(1).any(1).sum())
    return result


def loss_of(answers: Answers) -> float | None:
    """The mean loss; None where it is no number."""
    loss = answers.head.loss(answers.logits, answers.targets)
    return float(loss) if torch.isfinite(loss) else None


def rows_of(answers: Answers, trial_id: str, *, probabilities: bool, influence: bool) -> pa.Table:
    """The rows of one split as they are stored, by ascending example_id.

    probabilities: whether to keep them. influence: whether to write the column el2n, null where it was not measured.
    """
    count = len(answers.example_ids)
    columns: dict[str, pa.Array] = {
        "trial_id": pa.repeat(pa.scalar(trial_id), count),
        "split": pa.repeat(pa.scalar(answers.split), count),
        "example_id": pa.array(answers.example_ids, pa.int32()),
    }
    kind = answers.kind
    codes = answers.decisions()
    columns[kind.answer] = kind.column(codes)
    if kind.judged:
        said = kind.judgements(answers.gold(), codes)
        columns |= {name: pa.array(said[name], of_type) for name, of_type in kind.judged.items()}
    values = answers.head.probabilities(answers.logits) if probabilities else None
    if values is not None:
        columns["probabilities"] = lists_of(values.ravel(), np.full(count, values.shape[1]))
    if influence:
        columns["el2n"] = (
            pa.nulls(count, pa.float32()) if answers.el2n is None else pa.array(answers.el2n.numpy(), pa.float32())
        )
    schema = pa.schema([(name, kind) for name, kind in PREDICTION_FIELDS.items() if name in columns])
    return pa.table([columns[name] for name in schema.names], schema=schema).sort_by("example_id")


def lists_of(values: NDArray[Any], lengths: NDArray[Any]) -> pa.ListArray:
    """Consecutive runs of the values as lists, one of each length."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))
