"""The states of a trial on disk: which one an attempt goes on from, and what it leaves."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

from torch import Tensor

from runner.spec import TrialSpec
from runner.store.layout import Layout
from runner.store.reader import is_committed
from runner.trial import checkpoints
from runner.trial.checkpoints import (
    STATE,
    TRAINED,
    DamagedCheckpoint,
    ParentMissing,
    committed_weights,
    refuse_difference,
    set_aside,
)
from runner.trial.distillation import Distillation
from runner.trial.history import History
from runner.trial.trainer import Trainer
from runner.trial.workplace import Hooks, Workplace

if TYPE_CHECKING:
    from pathlib import Path


class States:
    """What an attempt reads and writes in the trial's folder of checkpoints; the first process does it for all.

    trainer and history are what is restored and saved.
    """

    def __init__(self, spec: TrialSpec, workplace: Workplace, trainer: Trainer, history: History, hooks: Hooks) -> None:
        self.spec = spec
        self.layout = Layout(workplace.root)
        self.folder = self.layout.checkpoint(spec.trial_id)
        self.is_first = workplace.processes.is_first
        self.trainer = trainer
        self.history = history
        self.hooks = hooks

    def resume(self) -> None:
        """Go on from the trial's own checkpoint, or else from its parent's trained state if it has a parent."""
        if not self.is_first or any(self._restore(self.folder / name) for name in (STATE, TRAINED)):
            return
        if self.spec.parent:
            self._start_from_parent(self.spec.parent)

    def save(self) -> None:
        """Put the state into the trial's folder."""
        tensors, facts = self._state()
        if self.is_first:
            checkpoints.save(self.folder / STATE, self.spec.trial_id, tensors, facts)

    def keep(self, aside: Executor, *, rebuild: bool, keep_state: bool) -> Future[str]:
        """The content hash of the trained state, which is left for its children if asked for.

        `aside` hashes and writes it, which may go on while the network answers: that changes no tensor of the state.
        """
        tensors, facts = self._state()  # all processes together
        return aside.submit(self._put, tensors, facts, rebuild=rebuild, keep_state=keep_state)

    def tidy(self, *, keep_state: bool) -> None:
        """Remove the state of a trial that is done, save what its children start from."""
        if not (keep_state and self.spec.has_children):
            checkpoints.delete(self.folder)

    def _state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        tensors, facts = self.trainer.state()
        more, findings = self.history.state()
        return tensors | more, facts | findings

    def _put(self, tensors: dict[str, Tensor], facts: dict[str, Any], *, rebuild: bool, keep_state: bool) -> str:
        if not self.is_first:
            return ""
        if not rebuild and not keep_state:
            return checkpoints.content_hash(tensors)
        if rebuild:
            content = checkpoints.content_hash(tensors)
            refuse_difference(self.folder / TRAINED, content, committed_weights(self.layout, self.spec))
        content = checkpoints.save(self.folder / TRAINED, self.spec.trial_id, tensors, facts)
        (self.folder / STATE).unlink(missing_ok=True)
        return content

    def _restore(self, path: Path) -> bool:
        """Go on from one of the trial's own checkpoints; False if there is none, or a damaged one, loudly."""
        own = self._intact(path, self.spec.trial_id)
        if own is None:
            return False
        self.trainer.restore(own.tensors, own.facts)
        self.history.restore(own.tensors, own.facts)
        return True

    def _intact(self, path: Path, trial_id: str) -> checkpoints.Checkpoint | None:
        """A checkpoint; None if there is none. A damaged one is set aside, counted and told of, and then there is none.

        CheckpointError for one of another trial or of another version, which someone may still want.
        """
        try:
            return checkpoints.load(path, trial_id)
        except FileNotFoundError:
            return None
        except DamagedCheckpoint as error:
            self.history.failed_restores += 1
            self.hooks.on_damage(f"{error}; it now lies at {set_aside(path)}, and what it held is trained again")
            return None

    def _start_from_parent(self, parent: TrialSpec) -> None:
        """Take the trained state of the parent, which is this trial's own after as many epochs, or only its teacher."""
        path = self.layout.checkpoint(parent.trial_id) / TRAINED
        state = self._intact(path, parent.trial_id)
        if state is None:
            raise ParentMissing(parent.trial_id, str(path))
        is_known = is_committed(self.layout.root, parent.trial_id)
        committed = committed_weights(self.layout, parent) if is_known else None
        refuse_difference(path, state.content, committed)
        if self.spec.shares_parent:
            self.trainer.restore(state.tensors, state.facts)
        else:
            for teaching in (part for part in self.trainer.parts if isinstance(part, Distillation)):
                teaching.restore(state.tensors)
        self.history.parent_weights = state.content
