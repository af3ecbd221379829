"""Compaction and merging beside a sweep at work: real processes, one digest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner.store.layout import Layout
from runner.store.reader import committed_ids
from runner.store.verify import broken_invariants
from tests.chaos.test_survival import PATIENCE_SECONDS, command, digest, files, run

STUDY = """
name: upkeep
tasks: [digits]
models: [convnet]
methods: [imp-ft, rp-ai]
sparsities: [0.9]
seeds: 2
training: {epochs: 2, batch_size: 32, learning_rate: 0.003}
record: {splits: [train, test], el2n: true}
"""

pytestmark = [pytest.mark.cluster, pytest.mark.chaos, pytest.mark.timeout(600)]


def verb(*words: str | Path) -> list[str]:
    """A command line of piesweep."""
    return [sys.executable, "-m", "runner.command_line", *map(str, words)]


def test_a_store_is_compacted_while_its_study_runs_and_grows_on(tmp_path: Path) -> None:
    """Compactions run beside the sweep, one of them killed; the finished store is left as it is by another run, grows
    by a seed whose siblings are compacted, and ends as the larger study run at once."""
    study = tmp_path / "upkeep.yaml"
    study.write_text(STUDY)
    store, whole = tmp_path / "store", tmp_path / "whole"
    with subprocess.Popen(command(study, store), start_new_session=True) as driver:
        deadline = time.monotonic() + PATIENCE_SECONDS
        compactions = 0
        while driver.poll() is None:
            assert time.monotonic() < deadline, "the sweep did not end"
            if committed_ids(store) and compactions < 4:
                with subprocess.Popen(verb("compact", store), stdout=subprocess.DEVNULL) as compaction:
                    if compactions == 0:
                        time.sleep(0.7)
                        os.kill(compaction.pid, signal.SIGKILL)
                    else:
                        assert compaction.wait(PATIENCE_SECONDS) == 0
                compactions += 1
            time.sleep(0.5)
        assert driver.wait() == 0
    subprocess.run(verb("compact", store), check=True, timeout=PATIENCE_SECONDS)
    assert broken_invariants(store) == []
    assert len(list(Layout(store).data.iterdir())) == 1
    assert not list(Layout(store).commits.iterdir())
    before = files(store)
    assert run(study, store) == 0
    assert files(store) == before
    assert run(study, store, "seeds=3") == 0
    assert run(study, whole, "seeds=3") == 0
    assert broken_invariants(store) == []
    assert digest(store) == digest(whole)
    subprocess.run(verb("merge", whole, "--into", store), check=True, timeout=PATIENCE_SECONDS)
    assert digest(store) == digest(whole)
