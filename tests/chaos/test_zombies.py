"""Two attempts at one trial that write its checkpoint at the same time: whoever reads finds a whole one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from runner.trial.checkpoints import load

ROOT = Path(__file__).parents[2]
WRITER = """
import pathlib, sys, torch
from runner.trial.checkpoints import save

path, value = pathlib.Path(sys.argv[1]), float(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for epoch in range(60):
    save(path, "t1", {"weight": torch.full((50_000,), value)}, {"epoch": epoch})
"""


def test_a_zombie_and_its_successor_never_leave_a_torn_checkpoint(tmp_path: Path) -> None:
    """Sixty checkpoints each of a lost worker and of its successor, in the same place at once: every one that is read
    is whole and of one of the two, and no unfinished file is left."""
    path = tmp_path / "trial" / "state.safetensors"
    words = [sys.executable, "-c", WRITER, str(path)]
    writers = [
        subprocess.Popen([*words, value], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for value in ("1", "2")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            weight = load(path, "t1").tensors["weight"]
            assert weight.min() == weight.max()
            seen.add(weight[0].item())
    assert [writer.wait(60) for writer in writers] == [0, 0]
    for writer in writers:
        writer.communicate()
    assert seen <= {1.0, 2.0}
    assert seen
    assert [entry.name for entry in path.parent.iterdir()] == ["state.safetensors"]
