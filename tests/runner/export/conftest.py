"""A store with networks that trials kept: a small encoder and a small LSTM-free network, dense and pruned."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.spec import Record, TrialSpec
from runner.store.writer import freeze_plan, save_task
from runner.trial.run import Workplace, run_trial
from tasks.base import TaskData
from tests.runner import small_sentences

Stored = tuple[Path, TrialSpec]


def stored(folder: Path, spec: TrialSpec, data: TaskData) -> Stored:
    """A store in which one trial, and its parent where it has one, has kept its network."""
    spec = dataclasses.replace(spec, record=Record(probabilities=True, extras=("model",)))
    trials = [spec.dense, spec] if spec.shares_parent else [spec]
    root = folder / "store"
    save_task(root, data)
    freeze_plan(root, {"name": "kept"}, trials)
    workplace = Workplace(root=root, cache=folder / "cache", device="cpu")
    for one in trials:
        run_trial(one, workplace=workplace, data=data, keep_state=True)
    return root, spec


@pytest.fixture(scope="session")
def encoder_store(tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """A small encoder on sentences, of which 70 % was removed at initialisation."""
    folder = tmp_path_factory.mktemp("encoder")
    checkpoint = small_sentences.small_checkpoint(folder / "checkpoint")
    return stored(folder, small_sentences.spec_of(checkpoint, "mp-ai"), small_sentences.sentences())


Storing = Callable[[Path, TrialSpec, TaskData], Stored]


@pytest.fixture(scope="session")
def storing() -> Storing:
    """`stored`, for tests of other networks."""
    return stored
