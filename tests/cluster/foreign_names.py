"""A study, and beside it files with the names of our folders."""

from __future__ import annotations

import sys
from pathlib import Path

from runner.folders import MARKS

PIESWEEP = str(Path(sys.executable).with_name("piesweep"))
STUDY = """
name: small
tasks: [digits]
models: [convnet]
methods: [rp-ai]
sparsities: [0.9]
seeds: 1
training: {epochs: 1, batch_size: 64, learning_rate: 0.003}
"""


def beside(folder: Path) -> Path:
    """A study, and beside it what people have there: files with the names of our folders."""
    folder.mkdir()
    for name in MARKS:
        (folder / f"{name}.py").write_text("TODO = 1\n")
    study = folder / "study.yaml"
    study.write_text(STUDY)
    return study
