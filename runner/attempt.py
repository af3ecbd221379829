"""One try at a trial in this process: its network in training, its checkpoints, and what it says in the end."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import torch
from torch import Tensor

from runner import checkpoints
from runner.batches import targets
from runner.checkpoints import STATE, TRAINED, ParentMissing, committed_weights, refuse_difference
from runner.devices import Compute, Requested, choose_device, prepare, resolve_precision
from runner.evaluation import HALF, Answers, answer, best_threshold, el2n, el2n_epoch, metrics_of, rows_of
from runner.methods import METHODS
from runner.models import MODELS, load_module
from runner.models.base import Encoded, ModelContext
from runner.pruning.masks import layer_sparsity, removed, sparsity
from runner.pruning.pruner import Method, Pruner
from runner.pruning.recovery import RECOVERIES
from runner.pruning.schedules import SCHEDULES
from runner.pruning.scores import SCORES
from runner.spec import TrialSpec, derived_seed
from runner.store.layout import Layout
from runner.store.schema import Facts
from runner.training import Lesson, Trainer
from tasks.base import Split, TaskData


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where a trial works; nothing here may change its result.

    root: the store. cache: a folder of this node for tokenised texts and fetched weights. threads: of torch.
    """

    root: Path
    cache: Path
    threads: int = 1
    device: Requested = "auto"


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What a trial asks and tells whoever runs it, after every epoch.

    should_stop: True makes it save its state and return. on_epoch: epochs done, epochs in all.
    """

    should_stop: Callable[[], bool] = lambda: False
    on_epoch: Callable[[int, int], None] = lambda done, total: None


class Attempt:
    """One run of a trial in this process: its network in training, and what becomes known on the way.

    Everything that matters to its result is either drawn from the spec or in the checkpoint.
    """

    def __init__(self, spec: TrialSpec, workplace: Workplace, data: TaskData, hooks: Hooks) -> None:
        self.spec = spec
        self.hooks = hooks
        self.data = data
        self.layout = Layout(workplace.root)
        self.folder = self.layout.checkpoint(spec.trial_id)
        self.started = time.monotonic()
        self.seconds_before = 0.0
        self.restored = 0
        self.threshold: float | None = None
        self.el2n: Tensor | None = None
        self.parent_weights: str | None = None
        prepare(workplace.threads)
        architecture = MODELS[spec.architecture]
        self.module = load_module(architecture)
        self.context = ModelContext(
            options={**architecture.options, **dict(spec.options)},
            classes=len(data.classes),
            kind=data.kind,
            inputs=data.inputs,
            max_tokens=spec.max_tokens or data.max_tokens,
            switches=spec.protocol,
            seed=spec.seed,
            cache=workplace.cache,
        )
        torch.manual_seed(derived_seed(spec.seed, "init"))
        network = self.module.build(self.context)
        device = choose_device(workplace.device)
        compute = Compute(device=device, precision=resolve_precision(spec.training.precision, device, network))
        network = network.to(device.torch)
        self.lesson = Lesson(
            encoded=self.encoded("train"),
            targets=targets(data.split("train"), len(data.classes)),
            seed=spec.seed,
            training=spec.training,
            protocol=spec.protocol,
            compute=compute,
        )
        pruner = Pruner(network, method_of(spec), layernorm=spec.protocol.layernorm == "prune")
        self.trainer = Trainer(network, pruner, self.lesson)

    def encoded(self, split: Split) -> Encoded:
        """One split's inputs, ready for the network."""
        return self.module.encode(self.context, self.data.split(split))

    def resume(self) -> None:
        """Goes on from the trial's own checkpoint, or else from its dense parent's trained state if it has a parent."""
        for name in (STATE, TRAINED):
            path = self.folder / name
            if path.exists():
                own = checkpoints.load(path, self.spec.trial_id)
                self.trainer.restore(own.tensors, own.facts)
                self.el2n = own.tensors.get("el2n")
                self.threshold = own.facts["threshold"]
                self.parent_weights = own.facts["parent_weights"]
                self.seconds_before = own.facts["seconds"]
                self.restored = own.facts["restored"] + 1
                return
        if self.spec.shares_parent:
            self.start_from_parent(self.spec.dense)

    def start_from_parent(self, parent: TrialSpec) -> None:
        """Takes the trained state of the dense trial, which is this trial's own after as many epochs."""
        path = self.layout.checkpoint(parent.trial_id) / TRAINED
        try:
            state = checkpoints.load(path, parent.trial_id)
        except FileNotFoundError:
            raise ParentMissing(parent.trial_id, str(path)) from None
        committed = committed_weights(self.layout, parent) if self.layout.commit(parent.trial_id).exists() else None
        refuse_difference(path, state.content, committed)
        self.trainer.restore(state.tensors, state.facts)
        self.parent_weights = state.content

    def train(self) -> bool:
        """Trains to the end; False if told to stop before."""
        cuts, total = course(self.spec)
        return self.trainer.train(cuts, total, self.after_epoch)

    def after_epoch(self) -> bool:
        """Measures what is due, saves, reports; True to go on."""
        _, total = course(self.spec)
        done = self.trainer.epoch
        if self.measures_el2n and done == el2n_epoch(self.spec.training.epochs, self.spec.protocol):
            self.el2n = el2n(self.logits(self.lesson.encoded), self.lesson.targets)
        if self.trainer.last_logits is not None:
            self.threshold = best_threshold(self.trainer.last_logits, self.lesson.targets)
        self.hooks.on_epoch(done, total)
        if done == total:
            return True  # evaluation and commit follow at once
        self.save(STATE)
        return not self.hooks.should_stop()

    @property
    def measures_el2n(self) -> bool:
        return self.spec.is_dense and self.spec.record.el2n

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything a later attempt needs."""
        tensors, facts = self.trainer.state()
        if self.el2n is not None:
            tensors["el2n"] = self.el2n
        facts |= {
            "threshold": self.threshold,
            "parent_weights": self.parent_weights,
            "restored": self.restored,
            "seconds": self.seconds,
        }
        return tensors, facts

    @property
    def seconds(self) -> float:
        return self.seconds_before + time.monotonic() - self.started

    def save(self, name: str) -> None:
        """Puts the state into the trial's folder of checkpoints."""
        tensors, facts = self.state()
        checkpoints.save(self.folder / name, self.spec.trial_id, tensors, facts)

    def keep(self, *, rebuild: bool, keep_state: bool) -> str:
        """The content hash of a dense trial's trained state, which is left for its children if asked for."""
        content = checkpoints.content_hash(self.state()[0])
        if rebuild:
            refuse_difference(self.folder / TRAINED, content, committed_weights(self.layout, self.spec))
        if rebuild or keep_state:
            self.save(TRAINED)
            (self.folder / STATE).unlink(missing_ok=True)
        return content

    def tidy(self, *, keep_state: bool) -> None:
        """Removes the state of a trial that is done, save what its children start from."""
        if not (keep_state and self.spec.is_dense):
            checkpoints.delete(self.folder)

    def logits(self, encoded: Encoded) -> Tensor:
        return answer(self.trainer.network, encoded, self.spec.training.batch_size, self.lesson.compute)

    def evaluate(self) -> list[Answers]:
        """The network's answers on every split whose rows are recorded."""
        record = self.spec.record
        wanted = sorted({*record.splits, "train"} if record.el2n else set(record.splits))
        result = []
        for split in cast("list[Split]", wanted):
            examples = self.data.split(split)
            if examples.num_rows:
                result.append(
                    Answers(
                        split=split,
                        example_ids=examples["example_id"].to_numpy(),
                        logits=self.logits(self.lesson.encoded if split == "train" else self.encoded(split)),
                        targets=targets(examples, len(self.data.classes)),
                        threshold=HALF if self.threshold is None else self.threshold,
                        el2n=self.el2n if split == "train" else None,
                    )
                )
        return result

    def rows(self, answers: list[Answers]) -> pa.Table:
        """The rows to commit."""
        keep = self.spec.record.probabilities
        parts = [rows_of(a, self.spec.trial_id, probabilities=keep, influence=self.measures_el2n) for a in answers]
        return pa.concat_tables(parts).combine_chunks()

    def facts(self, answers: list[Answers], weights: str | None) -> Facts:
        """What the trial says of itself."""
        network, masks = self.trainer.network, self.trainer.pruner.masks
        parameters = sum(parameter.numel() for parameter in network.parameters())
        device = self.lesson.compute.device
        return Facts(
            parameters=parameters,
            prunable=sum(mask.numel() for mask in masks.values()),
            achieved_sparsity=sparsity(masks),
            total_sparsity=removed(masks) / parameters,
            layer_sparsity=layer_sparsity(masks) if self.trainer.pruner.is_cut else {},
            threshold=answers[0].threshold if answers and answers[0].is_multi_label else None,
            metrics={a.split: metrics_of(a) for a in answers},
            epochs=self.trainer.epoch,
            steps=self.trainer.steps,
            weights=weights,
            parent_weights=self.parent_weights,
            restored_checkpoints=self.restored,
            seconds=round(self.seconds, 3),
            device_vendor=device.vendor,
            device_name=device.name,
            precision=self.lesson.compute.precision,
            versions=versions(),
        )


def course(spec: TrialSpec) -> tuple[Mapping[int, float], int]:
    """The cuts of a trial (epoch index -> cumulative fraction removed) and its epochs in all."""
    epochs = spec.training.epochs
    if spec.is_dense:
        return {}, epochs
    schedule = SCHEDULES[METHODS[spec.method].schedule]
    late = int(spec.protocol.rounds == "off-by-one")
    return schedule.cuts(epochs, spec.sparsity, late=late), schedule.total_epochs(epochs)


def method_of(spec: TrialSpec) -> Method | None:
    """The pruning method of a trial; None for the dense model."""
    if spec.is_dense:
        return None
    method = METHODS[spec.method]
    return Method(score=SCORES[method.score], scope=method.scope, recovery=RECOVERIES[method.recovery])


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that compute."""
    result = {"python": platform.python_version()}
    for package in ("piesweep", "torch", "numpy", "transformers"):
        with contextlib.suppress(PackageNotFoundError):
            result[package] = version(package)
    return result
