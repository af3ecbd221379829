"""The study that is disturbed: fifteen trials of less than a second, parents and children, several checkpoints each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

STUDY = """
name: survival
tasks: [digits]
models: [convnet]
methods: [iibp-wr, imp-ft, irp-ft, rp-ai]
sparsities: [0.9]
seeds: 3
training: {epochs: 3, batch_size: 32, learning_rate: 0.003}
record: {splits: [train, test], el2n: true}
"""
TRIALS = 15
PATIENCE_SECONDS = 600.0


def command(study: Path, store: Path, *options: str) -> list[str]:
    """`piesweep run` as a command line."""
    return [sys.executable, "-m", "runner.command_line", "run", str(study), "--store", str(store), *options]


def run(
    study: Path, store: Path, *options: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a study until the command ends, in this process's environment or in the one given, and no more.

    A token that this process has would lock the command out of a cluster with a token of its own.
    """
    return subprocess.run(
        command(study, store, *options),
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env=os.environ if environment is None else environment,
    )


def digest(store: Path) -> str:
    """What `piesweep digest` prints."""
    words = [sys.executable, "-m", "runner.command_line", "digest", str(store)]
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS).stdout.strip()
