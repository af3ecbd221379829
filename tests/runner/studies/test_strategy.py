"""What can be computed by several processes is known when a study is planned, and so is what cannot."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from runner import method, methods
from runner.command_line import app
from runner.plan import plan
from runner.studies import StudyError, load, require_inputs, strategy_checks
from runner.studies.strategy import SINGLE
from tests.runner.studies.samples import SMALL, written

SHARDED = (
    SMALL.replace("bilstm", "minilm") + "  micro_batches: 4\nstrategy: {name: deepspeed, stage: 3, processes: 2}\n"
)

REFUSED = {
    "model": (SHARDED.replace("minilm", "bilstm"), ["models[0]", "cannot be sharded", "bert, minilm"]),
    "micro-batches": (SHARDED.replace("processes: 2", "processes: 3"), ["strategy", "has 4", "multiple of 3"]),
    "no micro-batches": (SHARDED.replace("  micro_batches: 4\n", ""), ["has 1", "training.micro_batches"]),
    "half a GPU": (SHARDED + "resources: {gpus: 0.5}\n", ["resources.gpus", "one GPU or none", "0.5"]),
    "canary": (SHARDED + "canary: 4\n", ["canary", "one device each"]),
    "stage": (SHARDED.replace("stage: 3", "stage: 4"), ["strategy.stage", "less than or equal to 3"]),
    "name": (SHARDED.replace("deepspeed", "depspeed"), ["strategy.name", "did you mean 'deepspeed'"]),
    "key": (SHARDED.replace("stage: 3", "stages: 3"), ["unknown key 'stages'", "did you mean 'stage'"]),
    "single of two": (SHARDED.replace("deepspeed", "single"), ["strategy", "is one process"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_sharded_is_refused(case, tmp_path):
    """Exit code 2 and a message with the place, what was given and what is allowed."""
    text, expected = REFUSED[case]
    result = CliRunner().invoke(app, ["plan", str(written(tmp_path, text)), "--json"])
    assert result.exit_code == 2, result.output
    assert [part for part in expected if part not in result.stderr] == [], result.stderr


def test_a_score_that_needs_the_whole_network_is_refused(tmp_path, monkeypatch):
    """A method whose score processes cannot gather is named, with those that can be used."""
    monkeypatch.setattr(method, "SHARDED_SCORES", ("random",))
    with pytest.raises(StudyError, match=r"methods\[0\]: 'imp-ft' needs the whole network.*allowed: irp-ft, rp-ai"):
        load(str(written(tmp_path, SHARDED)))


@pytest.mark.parametrize("method", ["gmp", "mvp", "imp-kd", "pins", "l0", "pst"])
def test_what_acts_at_every_step_needs_the_whole_network(tmp_path, method):
    """Hidden weights, gates and teachers are refused where processes share a network, before anything runs."""
    with pytest.raises(StudyError, match=f"'{method}' needs the whole network"):
        load(str(written(tmp_path, SHARDED)), [f"methods=[{method}]"])


def test_every_score_of_a_method_is_known_to_be_shardable_or_not():
    """The names of the scores that can be sharded are scores."""
    assert set(method.SHARDED_SCORES) <= {line.score for line in methods.METHODS.values()}


def test_the_strategy_is_no_part_of_a_trial(tmp_path):
    """Processes and stage leave a trial's identity alone, as its device does; micro-batches do not."""
    sharded = load(str(written(tmp_path, SHARDED)))
    single = load(str(tmp_path / "study.yaml"), ["strategy=single"])
    other = load(str(tmp_path / "study.yaml"), ["strategy=single", "training.micro_batches=1"])
    assert single.strategy == SINGLE
    assert plan(sharded).trials == plan(single).trials != plan(other).trials


def test_a_trial_occupies_what_its_processes_do(tmp_path):
    """Resources are those of one process."""
    study = load(str(written(tmp_path, SHARDED + "resources: {cpus: 3, gpus: 1}\n")))
    assert study.occupied("minilm") == (6, 2)


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    """Planning needs no DeepSpeed; running says how to get it."""
    study = load(str(written(tmp_path, SHARDED)))
    require_inputs(study)
    monkeypatch.setattr(strategy_checks, "find_spec", lambda name: None)
    with pytest.raises(StudyError, match=r"pip install 'piesweep\[deepspeed\]'"):
        require_inputs(study)
