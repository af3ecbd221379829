"""A world like a store's looks like it, and `calibrate` prints what it finds there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.calibration.experiments import Calibration, Setting, calibrate
from analysis.calibration.likeness import Observed, like, look_of, settings_like
from analysis.calibration.printed import blocks
from analysis.calibration.worlds import WORLDS, Examples, Size, World, simulate
from analysis.relations.database import connect
from runner.command_line import app
from tests.analysis.statistics.small_panels import write_store


def seen(world: World) -> Observed:
    """The look of a large study in a world."""
    random = np.random.default_rng(9)
    found = simulate(world, Examples.of(world, 2_000, random), Size(seeds=8, experiments=1), random).panel(0)
    assert found.dense is not None
    return look_of(found, found.dense, found.pruned[0])


@pytest.mark.parametrize("name", ["null", "null, pairs", "ten classes"])
def test_the_world_found_looks_like_the_one_it_was_fitted_to(name: str) -> None:
    """Accuracy, disagreement of seeds and pairing of a known world come back from its look."""
    truth = seen(WORLDS[name])
    found = seen(like(truth, WORLDS[name].classes))
    assert found.accuracy == pytest.approx(truth.accuracy, abs=0.06)
    assert found.disagreement == pytest.approx(truth.disagreement, abs=0.05)
    assert found.pairing == pytest.approx(truth.pairing, abs=0.12)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seeds of a simulated study as a store."""
    random = np.random.default_rng(2)
    world = WORLDS["null, shared noise"]
    study = simulate(world, Examples.of(world, 60, random), Size(seeds=6, experiments=1), random)
    cells = {("dense", 0.0): study.dense[0], ("imp-ft", 0.5): study.pruned[0][0]}
    written = {cell: dict(enumerate(codes.astype(np.int32))) for cell, codes in cells.items()}
    return write_store(tmp_path_factory.mktemp("like") / "store", written, study.gold.astype(np.int64))


def test_settings_are_of_the_stores_size(store: Path) -> None:
    """Seeds, examples and classes are the store's; the four worlds differ in what pruning does."""
    settings = list(settings_like(connect(store)))
    assert {name for name, _ in settings} == {"t, m"}
    assert {(one.seeds, one.examples, one.world.classes) for _, one in settings} == {(6, 60, 2)}
    assert [one.world.name for _, one in settings] == ["null", "noisier", "steadier, small shift", "shift"]
    assert [one.world.is_null for _, one in settings] == [True, False, False, False]


def test_the_verb_prints_a_table_a_model(store: Path) -> None:
    """One column a world, one line an interval or test; as JSON all numbers; nothing in the store changes."""
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    shown = CliRunner().invoke(app, ["calibrate", str(store), "--seconds", "1"])
    assert shown.exit_code == 0, shown.output
    assert "t, m: 6 seeds, 60 examples" in shown.output
    assert all(word in shown.output for word in ("steadier, small shift", "excess above 0", "swap, right votes"))
    listed = CliRunner().invoke(app, ["calibrate", str(store), "--seconds", "1", "--seeds", "2", "--json"])
    rows = json.loads(listed.stdout)
    assert {row["setting"]["seeds"] for row in rows} == {2}
    assert rows[0]["covered"] == {"rate": None, "excess": None}  # no interval below five seeds
    assert before == {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}


def test_a_store_without_pairs_is_refused_in_a_line(tmp_path: Path) -> None:
    """One dense seed has no look; exit code 2."""
    cells = {cell: {0: np.array([0, 1, 0])} for cell in (("dense", 0.0), ("imp-ft", 0.5))}
    root = write_store(tmp_path / "store", cells, np.array([0, 1, 1]))
    shown = CliRunner().invoke(app, ["calibrate", str(root)])
    assert shown.exit_code == 2
    assert "has nothing to simulate" in shown.stderr
    assert "Traceback" not in shown.stderr


def test_misses_are_marked() -> None:
    """An error or a coverage far from what is promised has a sign, power stands in brackets."""
    setting = Setting(world=WORLDS["null"], seeds=6, examples=50)
    one = calibrate(setting, 0.1, 20)
    assert one.experiments == 20
    wrong = Calibration(
        setting=setting,
        experiments=200,
        covered={"rate": 0.5, "excess": 0.95},
        covered_two_way=one.covered_two_way,
        above=0.01,
        found=one.found | {"mcnemar, PIE rate": 0.4, "swap, PIE rate": 0.04},
    )
    (block,) = blocks([("here", wrong)])
    rows = {row[0]: row[1] for row in block.rows}
    assert rows["interval of the PIE rate, over seeds"] == "0.50!"
    assert (rows["mcnemar, PIE rate"], rows["swap, PIE rate"]) == ("0.40!", "0.04")
    shifted = Setting(world=WORLDS["shift"], seeds=6, examples=50)
    (block,) = blocks([("here", Calibration(**{**vars(wrong), "setting": shifted}))])
    assert {row[0]: row[1] for row in block.rows}["excess above 0"] == "(0.01)"
