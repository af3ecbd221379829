"""A trial that is killed in the middle of an epoch goes on from there, whatever its method remembers."""

from __future__ import annotations

import multiprocessing
import random
import time

import pytest

from runner.models import MODELS
from runner.store.layout import Layout
from runner.trial.checkpoints import STATE, load
from runner.trial.run import run_trial
from runner.trial.workplace import Workplace
from tests.chaos.long_epoch import RECORD, run_slowly
from tests.runner.small_network import ARCHITECTURE
from tests.runner.small_trials import DATA, committed, spec_of

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

STEPS_AN_EPOCH = 8
KILLS = 4


def steps_saved(path, trial_id: str) -> int:
    """Of the state on disk; 0 if there is none."""
    try:
        return load(path, trial_id).facts["steps"]
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("method", ["gmp", "mvp", "pins", "l0"])
def test_killed_within_an_epoch_and_run_again_is_undisturbed(tmp_path, monkeypatch, method):
    """SIGKILL at four places of its 24 steps: the last state within an epoch is gone on from, and rows are the same."""
    monkeypatch.setitem(MODELS, "small", ARCHITECTURE)
    spec = spec_of(method, record=RECORD)
    killed, whole = (Workplace(root=tmp_path / name, cache=tmp_path / "cache") for name in ("killed", "whole"))
    run_trial(spec, workplace=whole, data=DATA)
    state = Layout(killed.root).checkpoint(spec.trial_id) / STATE
    forking = multiprocessing.get_context("fork")  # what a process must import it has at once
    drawn = random.Random(7)
    seen = []
    for place in sorted(drawn.sample(range(1, 23), KILLS)):
        process = forking.Process(target=run_slowly, args=(killed.root, method))
        process.start()
        while steps_saved(state, spec.trial_id) < place and process.is_alive():
            time.sleep(0.002)
        time.sleep(drawn.random() * 0.02)
        process.kill()
        process.join()
        seen.append(steps_saved(state, spec.trial_id))
    assert any(steps % STEPS_AN_EPOCH for steps in seen), "no kill fell within an epoch"
    last = forking.Process(target=run_slowly, args=(killed.root, method))
    last.start()
    last.join(120)
    assert last.exitcode == 0
    (mine, _), (theirs, _) = committed(killed, spec), committed(whole, spec)
    assert mine["rows_sha256"] == theirs["rows_sha256"]
    assert mine["facts"]["restored_checkpoints"] == KILLS
    assert mine["facts"]["layer_sparsity"] == theirs["facts"]["layer_sparsity"]
