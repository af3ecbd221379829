"""One try at a trial in this process: its network in training, its checkpoints, and what it says in the end."""

from __future__ import annotations

import time
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import torch
from torch import Tensor

from runner import checkpoints
from runner.assembly import course, method_of, trainer_of
from runner.checkpoints import (
    STATE,
    TRAINED,
    DamagedCheckpoint,
    ParentMissing,
    committed_weights,
    refuse_difference,
    set_aside,
)
from runner.devices import Compute, choose_device, peak_memory, prepare, refuse_other, resolve_precision
from runner.evaluation import Answers, answer, el2n_epoch, metrics_of, rows_of
from runner.heads import head_for
from runner.heads.base import HALF
from runner.interval import Interval
from runner.models import MODELS, load_module
from runner.models.base import Encoded, ModelContext
from runner.pruning.masks import layer_sparsity, removed, sparsity
from runner.spec import TrialSpec, derived_seed
from runner.store.layout import Layout
from runner.store.reader import is_committed
from runner.store.schema import Facts
from runner.training import Lesson
from runner.versions import versions
from runner.workplace import Hooks, Workplace
from tasks.base import Split, TaskData


class Attempt:
    """One run of a trial in this process: its network in training, and what becomes known on the way.

    Everything that matters to its result is either drawn from the spec or in the checkpoint.
    """

    def __init__(self, spec: TrialSpec, workplace: Workplace, data: TaskData, hooks: Hooks) -> None:
        self.spec = spec
        self.hooks = hooks
        self.data = data
        self.processes = workplace.processes
        self.layout = Layout(workplace.root)
        self.folder = self.layout.checkpoint(spec.trial_id)
        self.started = time.monotonic()
        self.seconds_before = 0.0
        self.restored = 0
        self.failed_restores = 0
        self.threshold: float | None = None
        self.el2n: Tensor | None = None
        self.trained_logits: Tensor | None = None  # of the training split after the last epoch, if known by then
        self.parent_weights: str | None = None
        prepare(workplace.threads)
        architecture = MODELS[spec.architecture]
        self.module = load_module(architecture)
        self.head = head_for(data)
        self.context = ModelContext(
            options={**architecture.options, **dict(spec.options)},
            classes=self.head.width,
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
        refuse_other(device, spec.canary)
        precision = resolve_precision(spec.training.precision, device, network)
        compute = Compute(device=device, precision=precision, processes=self.processes)
        self.lesson = Lesson(
            encoded=self.encoded("train"),
            targets=self.head.targets(data.split("train")),
            head=self.head,
            seed=spec.seed,
            training=spec.training,
            protocol=spec.protocol,
            compute=compute,
        )
        self.trainer = trainer_of(network, method_of(spec), self.lesson, workplace.zero_stage)
        # Weights, and for each of them two moments of the optimizer.
        self.interval = Interval(12 * sum(parameter.numel() for parameter in network.parameters()))

    def encoded(self, split: Split) -> Encoded:
        """One split's inputs, ready for the network."""
        return self.module.encode(self.context, self.data.split(split))

    def resume(self) -> None:
        """Goes on from the trial's own checkpoint, or else from its dense parent's trained state if it has a parent.

        Where several processes compute, the first knows for all.
        """
        if not self.processes.is_first:
            return
        if any(self.restore(self.folder / name) for name in (STATE, TRAINED)):
            return
        if self.spec.shares_parent:
            self.start_from_parent(self.spec.dense)

    def restore(self, path: Path) -> bool:
        """Goes on from one of the trial's own checkpoints; False if there is none, or a damaged one, loudly."""
        own = self.intact(path, self.spec.trial_id)
        if own is None:
            return False
        self.trainer.restore(own.tensors, own.facts)
        self.el2n = own.tensors.get("el2n")
        self.threshold = own.facts["threshold"]
        self.parent_weights = own.facts["parent_weights"]
        self.seconds_before = own.facts["seconds"]
        self.restored = own.facts["restored"] + 1
        self.failed_restores += own.facts.get("failed_restores", 0)
        return True

    def intact(self, path: Path, trial_id: str) -> checkpoints.Checkpoint | None:
        """A checkpoint; None if there is none. A damaged one is set aside, counted and told of, and then there is none.

        CheckpointError for one of another trial or of another version, which someone may still want.
        """
        try:
            return checkpoints.load(path, trial_id)
        except FileNotFoundError:
            return None
        except DamagedCheckpoint as error:
            self.failed_restores += 1
            self.hooks.on_damage(f"{error}; it now lies at {set_aside(path)}, and what it held is trained again")
            return None

    def start_from_parent(self, parent: TrialSpec) -> None:
        """Takes the trained state of the dense trial, which is this trial's own after as many epochs."""
        path = self.layout.checkpoint(parent.trial_id) / TRAINED
        state = self.intact(path, parent.trial_id)
        if state is None:
            raise ParentMissing(parent.trial_id, str(path))
        is_known = is_committed(self.layout.root, parent.trial_id)
        committed = committed_weights(self.layout, parent) if is_known else None
        refuse_difference(path, state.content, committed)
        self.trainer.restore(state.tensors, state.facts)
        self.parent_weights = state.content

    def train(self) -> bool:
        """Trains to the end; False if told to stop before."""
        cuts, total = course(self.spec)
        return self.trainer.train(cuts, total, self.after_epoch)

    def after_epoch(self) -> bool:
        """Measures what is due, reports, saves if it is time or if told to stop; True to go on."""
        _, total = course(self.spec)
        done = self.trainer.epoch
        if self.measures_el2n and done == el2n_epoch(self.spec.training.epochs, self.spec.protocol):
            logits = self.logits(self.lesson.encoded)
            self.el2n = self.head.influence(logits, self.lesson.targets)
            self.trained_logits = logits if done == total else None
        if self.trainer.last_logits is not None:
            self.threshold = self.head.best_threshold(self.trainer.last_logits, self.lesson.targets)
        self.hooks.on_epoch(done, total)
        stop, due, superseded = self.processes.agreed(
            self.hooks.should_stop(), self.interval.is_due(), self.hooks.superseded()
        )
        if superseded:
            return False
        if done == total:
            return True  # evaluation and commit follow at once
        if stop or due:
            with self.interval.writing():
                self.save()
        return not stop

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
            "failed_restores": self.failed_restores,
            "seconds": self.seconds,
        }
        return tensors, facts

    @property
    def seconds(self) -> float:
        return self.seconds_before + time.monotonic() - self.started

    def save(self) -> None:
        """Puts the state into the trial's folder of checkpoints."""
        tensors, facts = self.state()
        if self.processes.is_first:
            checkpoints.save(self.folder / STATE, self.spec.trial_id, tensors, facts)

    def keep(self, aside: Executor, *, rebuild: bool, keep_state: bool) -> Future[str]:
        """The content hash of a dense trial's trained state, which is left for its children if asked for.

        `aside` hashes and writes it, which may go on while the network answers: that changes no tensor of the state.
        """
        tensors, facts = self.state()  # all processes together
        return aside.submit(self.put, tensors, facts, rebuild=rebuild, keep_state=keep_state)

    def put(self, tensors: dict[str, Tensor], facts: dict[str, Any], *, rebuild: bool, keep_state: bool) -> str:
        """What `keep` does aside."""
        if not self.processes.is_first:
            return ""
        if not rebuild and not keep_state:
            return checkpoints.content_hash(tensors)
        if rebuild:
            content = checkpoints.content_hash(tensors)
            refuse_difference(self.folder / TRAINED, content, committed_weights(self.layout, self.spec))
        content = checkpoints.save(self.folder / TRAINED, self.spec.trial_id, tensors, facts)
        (self.folder / STATE).unlink(missing_ok=True)
        return content

    def tidy(self, *, keep_state: bool) -> None:
        """Removes the state of a trial that is done, save what its children start from."""
        if not (keep_state and self.spec.is_dense):
            checkpoints.delete(self.folder)

    def logits(self, encoded: Encoded) -> Tensor:
        return answer(self.trainer.active, encoded, self.spec.training.batch_size, self.lesson.compute)

    def final_logits(self, split: Split) -> Tensor:
        """What the trained network says of a split; one pass serves EL2N too where that is of the last epoch."""
        if split != "train":
            return self.logits(self.encoded(split))
        return self.logits(self.lesson.encoded) if self.trained_logits is None else self.trained_logits

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
                        logits=self.final_logits(split),
                        targets=self.head.targets(examples),
                        head=self.head,
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
            threshold=answers[0].threshold if answers and self.head.learns_threshold else None,
            metrics={a.split: metrics_of(a) for a in answers},
            epochs=self.trainer.epoch,
            steps=self.trainer.steps,
            weights=weights,
            parent_weights=self.parent_weights,
            restored_checkpoints=self.restored,
            failed_restores=self.failed_restores,
            seconds=round(self.seconds, 3),
            device_vendor=device.vendor,
            device_name=device.name,
            device_driver=device.driver,
            device_runtime=device.runtime,
            device_kernels=device.kernels,
            peak_memory=peak_memory(),
            precision=self.lesson.compute.precision,
            versions=versions(("piesweep", *self.trainer.packages)),
        )
