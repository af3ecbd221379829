"""A small valid study, as text and as a file."""

from __future__ import annotations

SMALL = """\
name: small
tasks: [movie-snippets]
models: [bilstm]
methods: [imp-ft, rp-ai]
sparsities: [0.5, 0.9]
seeds: 3
training:
  epochs: 4
  batch_size: 32
  learning_rate: 1e-3
"""


def changed(old, new):
    """The small study with one passage replaced."""
    assert old in SMALL
    return SMALL.replace(old, new)


def written(folder, text):
    """The path of a study file with this text or these bytes."""
    path = folder / "study.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path
