"""What a trained network says of every example, and how good that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from runner.batches import Batch, in_order, to_device
from runner.devices import Compute
from runner.models.base import Encoded
from runner.spec import Protocol
from runner.store.schema import PREDICTION_FIELDS
from tasks.metrics import accuracy, macro_f1

HALF = 0.5
THRESHOLDS = np.arange(100) / 100


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A network's outputs on one split, in the split's order.

    example_ids: int32 [n]. logits: fp32 [n, classes], on the CPU. targets: class indices [n] (single-label) or
    zeros and ones as floats [n, classes] (multi-label). threshold: the probability above which a multi-label class
    is predicted. el2n: fp32 [n], where it was measured.
    """

    split: str
    example_ids: NDArray[np.int32]
    logits: Tensor
    targets: Tensor
    threshold: float = HALF
    el2n: Tensor | None = None

    @property
    def is_multi_label(self) -> bool:
        return self.targets.is_floating_point()

    def decisions(self) -> NDArray[Any]:
        """Class indices int16 [n], or bool [n, classes] for multi-label.

        The highest logit wins, of equal ones the class with the lower index; NaN never wins, and where all are NaN
        the answer is class 0. Multi-label: a class is predicted where its probability is strictly above the threshold.
        """
        if self.is_multi_label:
            said: NDArray[np.bool_] = (
                probabilities_of(self.logits, multi_label=True).astype(np.float64) > self.threshold
            )
            return said
        ranked = self.logits.nan_to_num(nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf)
        best: NDArray[np.int16] = ranked.numpy().argmax(axis=1).astype(np.int16)
        return best


def answer(network: nn.Module, encoded: Encoded, batch_size: int, compute: Compute) -> Tensor:
    """Logits of every row of a split, fp32 [n, classes] on the CPU, without dropout; each process answers some rows."""
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
    together = torch.cat(parts).cpu()
    logits = together.new_zeros(len(encoded.lengths), together.shape[1])
    logits[torch.from_numpy(counted)] = together[: len(counted)]
    return compute.processes.summed(logits)


def probabilities_of(logits: Tensor, *, multi_label: bool) -> NDArray[np.float32]:
    """Softmax over the classes, or a sigmoid for each: fp32 [n, classes]."""
    probabilities: NDArray[np.float32] = (logits.sigmoid() if multi_label else logits.softmax(1)).numpy()
    return probabilities


def el2n(logits: Tensor, targets: Tensor) -> Tensor:
    """Error L2 norm ||p - y||_2 of every example, fp32 [n] (Paul et al. 2021, arXiv:2107.07075, definition 2.4).

    p: softmax of the logits and y one-hot, or sigmoid and multi-hot for multi-label targets.
    """
    if targets.is_floating_point():
        errors = logits.sigmoid() - targets
    else:
        errors = logits.softmax(1) - nn.functional.one_hot(targets, logits.shape[1])
    norms: Tensor = torch.linalg.vector_norm(errors, dim=1)
    return norms


def el2n_epoch(epochs: int, protocol: Protocol) -> int:
    """After how many of a dense trial's epochs EL2N is measured.

    beyond-30: the first count k with k > 0.3 E (Tropeano et al. 2025, footnote 5). rounded-30: round(0.3 E) + 1, at
    most E, as in their code (training.py:284-292).
    """
    if protocol.influence == "beyond-30":
        return 3 * epochs // 10 + 1
    return min(round(0.3 * epochs) + 1, epochs)


def best_threshold(logits: Tensor, targets: Tensor) -> float:
    """The t of 0.00, 0.01, ..., 0.99 that maximises macro-F1 of the predictions sigmoid(z) > t; the lowest of equals.

    logits, targets: [n, classes]. Counts for all hundred thresholds come from one histogram: a probability that
    exceeds k thresholds is a yes at the first k of them. NaN exceeds none.
    """
    gold = targets.numpy().astype(bool)
    probabilities = np.nan_to_num(probabilities_of(logits, multi_label=True).astype(np.float64), nan=-1.0)
    exceeded = np.searchsorted(THRESHOLDS, probabilities, side="left")
    classes, bins = gold.shape[1], len(THRESHOLDS) + 1
    cell = np.arange(classes) * bins + exceeded
    said = predicted_at_each(np.bincount(cell.ravel(), minlength=classes * bins).reshape(classes, bins))
    hits = predicted_at_each(np.bincount(cell[gold], minlength=classes * bins).reshape(classes, bins))
    mentions = said + gold.sum(0)[:, None]
    f1 = np.divide(2.0 * hits, mentions, out=np.zeros(hits.shape), where=mentions > 0)
    return float(THRESHOLDS[f1.mean(0).argmax()])


def predicted_at_each(histogram: NDArray[np.int64]) -> NDArray[np.int64]:
    """From counts by thresholds exceeded [classes, 101], how many exceed each threshold [classes, 100]."""
    totals: NDArray[np.int64] = histogram[:, ::-1].cumsum(1)[:, ::-1][:, 1:]
    return totals


def metrics_of(answers: Answers) -> dict[str, float | None]:
    """accuracy (single-label only), macro-f1, mean loss (None if not finite), and how many rows have a NaN logit."""
    decisions, targets = answers.decisions(), answers.targets.numpy()
    result: dict[str, float | None] = {}
    if answers.is_multi_label:
        loss = nn.functional.binary_cross_entropy_with_logits(answers.logits, answers.targets)
        result["macro-f1"] = macro_f1(targets.astype(bool), decisions)
    else:
        loss = nn.functional.cross_entropy(answers.logits, answers.targets)
        result["accuracy"] = accuracy(targets, decisions)
        classes = np.arange(answers.logits.shape[1])
        result["macro-f1"] = macro_f1(targets[:, None] == classes, decisions[:, None] == classes)
    result["loss"] = float(loss) if torch.isfinite(loss) else None
    result["nan_rows"] = float(answers.logits.isnan().any(1).sum())
    return result


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
    decisions = answers.decisions()
    if answers.is_multi_label:
        columns["labels"] = lists_of(decisions.nonzero()[1].astype(np.int16), decisions.sum(1))
    else:
        columns["label"] = pa.array(decisions, pa.int16())
    if probabilities:
        values = probabilities_of(answers.logits, multi_label=answers.is_multi_label)
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
