"""Answer with a trained network on every recorded split: its rows, and the facts of the trial."""

from __future__ import annotations

from typing import cast

import pyarrow as pa

from runner.extras import Gathered
from runner.heads.base import HALF
from runner.pruning.masks import layer_sparsity, removed, sparsity
from runner.store.schema import Facts
from runner.trial.assembly import Assembled
from runner.trial.bleurt import learned_metrics
from runner.trial.devices import peak_memory
from runner.trial.evaluation import Answers, metrics_of, rows_of
from runner.trial.extras.base import Recorder
from runner.trial.history import History
from runner.versions import versions
from tasks.base import Split


def answers_of(trial: Assembled, history: History) -> list[Answers]:
    """The network's answers on every split whose rows are recorded, EL2N's included; empty splits have none."""
    record = trial.spec.record
    wanted = sorted({*record.splits, "train"} if record.el2n else set(record.splits))
    return [
        _answers(trial, history, split) for split in cast("list[Split]", wanted) if trial.data.split(split).num_rows
    ]


def _answers(trial: Assembled, history: History, split: Split) -> Answers:
    examples, writes = trial.data.split(split), trial.training_set.head.kind.reads == "continuation"
    if split != "train":
        logits = trial.logits(trial.encoded(split))
    elif history.trained_logits is None:
        logits = trial.logits(trial.training_set.encoded)
    else:  # one pass serves EL2N too where that is of the last epoch
        logits = history.trained_logits
    return Answers(
        split=split,
        example_ids=examples["example_id"].to_numpy(),
        logits=logits,
        targets=trial.training_set.head.targets(examples),
        head=trial.training_set.head,
        examples=examples,
        written=trial.written(split) if writes else None,
        threshold=HALF if history.threshold is None else history.threshold,
        el2n=history.el2n if split == "train" else None,
    )


def rows_to_commit(trial: Assembled, answers: list[Answers]) -> pa.Table:
    """The rows of all splits."""
    spec = trial.spec
    parts = [
        rows_of(a, spec.trial_id, probabilities=spec.record.probabilities, influence=spec.measures_el2n)
        for a in answers
    ]
    return pa.concat_tables(parts).combine_chunks()


def extras_of(trial: Assembled) -> dict[str, Gathered]:
    """What the trial keeps beside its rows, by name."""
    return {part.name: part.gathered() for part in trial.trainer.parts if isinstance(part, Recorder)}


def facts_of(trial: Assembled, history: History, answers: list[Answers], weights: str | None) -> Facts:
    """What the trial says of itself. weights: the content hash of a dense trial's state."""
    trainer, compute = trial.trainer, trial.training_set.compute
    masks, device, networks = trainer.pruner.masks, compute.device, learned_metrics(trial.data, compute.device)
    parameters = sum(parameter.numel() for parameter in trainer.network.parameters())
    return Facts(
        parameters=parameters,
        prunable=sum(mask.numel() for mask in masks.values()),
        achieved_sparsity=sparsity(masks),
        total_sparsity=removed(masks) / parameters,
        layer_sparsity=layer_sparsity(masks) if trainer.pruner.is_cut else {},
        threshold=answers[0].threshold if answers and trial.training_set.head.learns_threshold else None,
        metrics={a.split: metrics_of(a, trial.data.metrics, trial.data.classes, networks) for a in answers},
        epochs=trainer.epoch,
        steps=trainer.steps,
        weights=weights,
        parent_weights=history.parent_weights,
        restored_checkpoints=history.restored,
        failed_restores=history.failed_restores,
        seconds=round(history.seconds, 3),
        device_vendor=device.vendor,
        device_name=device.name,
        device_driver=device.driver,
        device_runtime=device.runtime,
        device_kernels=device.kernels,
        peak_memory=peak_memory(),
        precision=compute.precision,
        versions=versions(("piesweep", *trainer.engine.packages)),
        selected_step=trainer.best.taken if trainer.best else None,
        outcome_sparsity=trainer.pruner.outcome,
    )
