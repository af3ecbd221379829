"""The verbs that tend a store, as people and scripts use them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from runner.store.layout import Layout
from runner.store.session import hold
from tests.runner.store import mixed, samples


def test_compact(piesweep, tmp_path: Path) -> None:
    """It says what it did; digest and verify agree before and after."""
    mixed.store(tmp_path / "store")
    before = piesweep("digest", tmp_path / "store").stdout
    result = piesweep("compact", tmp_path / "store", "--json")
    assert result.exit_code == 0, result.output
    done = json.loads(result.stdout)
    assert (done["trials"], done["files_before"], done["files_after"]) == (18, 36, 4)
    assert piesweep("digest", tmp_path / "store").stdout == before
    assert piesweep("verify", tmp_path / "store").exit_code == 0
    assert "0 trials compacted; 4 files" in piesweep("compact", tmp_path / "store").stdout


def test_merge(piesweep, tmp_path: Path) -> None:
    """Stores are united; a contradiction is named on stderr with exit code 2, and nothing is made."""
    mixed.store(tmp_path / "a", range(2))
    mixed.store(tmp_path / "b", range(1, 3))
    result = piesweep("merge", tmp_path / "a", tmp_path / "b", "--into", tmp_path / "c")
    assert result.exit_code == 0, result.output
    assert "18 trials came in, 0 were there already" in result.stdout
    merged = json.loads(piesweep("merge", tmp_path / "a", "--into", tmp_path / "c", "--json").stdout)
    assert merged == {"added": 0, "unchanged": 12}
    samples.save_task(tmp_path / "other", samples.task(kind="multi-label"))
    refused = piesweep("merge", tmp_path / "a", tmp_path / "other", "--into", tmp_path / "d")
    assert refused.exit_code == 2
    assert "task toy: fingerprint" in refused.stderr
    assert not (tmp_path / "d").exists()


def test_prune_checkpoints(piesweep, tmp_path: Path) -> None:
    """A dry run only counts; with a driver at work nothing is removed, exit code 75."""
    samples.store(tmp_path)
    state = Layout(tmp_path).checkpoint(samples.spec().trial_id) / "state.safetensors"
    state.parent.mkdir(parents=True)
    state.write_bytes(bytes(12_000))
    dry = piesweep("prune-checkpoints", tmp_path, "--dry-run")
    assert "checkpoints of 1 trials would be removed (12 kB), of 0 kept (0 bytes)" in dry.stdout
    with hold(tmp_path):
        assert piesweep("prune-checkpoints", tmp_path).exit_code == 75
    assert state.exists()
    done = json.loads(piesweep("prune-checkpoints", tmp_path, "--json").stdout)
    assert done == {"removed": 1, "removed_bytes": 12_000, "kept": 0, "kept_bytes": 0, "dry_run": False}
    assert not state.parent.exists()


def test_export(piesweep, store: Path, tmp_path: Path) -> None:
    """A folder with a card; a place that is taken is refused with exit code 2."""
    result = piesweep("export", store, "--out", tmp_path / "out", "--no-texts", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"] == {"examples": 4, "predictions": 16, "trials": 4, "pies": 1}
    assert (tmp_path / "out" / "README.md").exists()
    assert piesweep("export", store, "--out", tmp_path / "out").exit_code == 2


def test_a_newer_layout_exits_2(piesweep, store: Path, tmp_path: Path) -> None:
    """Every verb that opens a store refuses one that it may misread, in one line."""
    newer = tmp_path / "store"
    shutil.copytree(store, newer)
    (newer / "store.json").write_text('{"layout": 99}')
    sources = ["--predictions", "p.csv", "--examples", "e.csv"]
    for verb, *options in (["status"], ["verify"], ["digest"], ["compact"], ["sql", "SELECT 1"], ["ingest", *sources],
                           ["prune-checkpoints"], ["export", "--out", str(tmp_path / "x")]):  # fmt: skip
        result = piesweep(verb, newer, *options)
        assert result.exit_code == 2, (verb, result.output)
        assert "layout 99" in result.stderr
