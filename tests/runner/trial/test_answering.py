"""What a finished trial says: its sparsity, metrics, thresholds, EL2N and facts."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest
import torch

from runner.methods import METHOD_SETS, METHODS
from runner.pruning.moment import Timeline
from runner.pruning.recovery import RECOVERIES
from runner.pruning.schedules import SCHEDULES
from runner.spec import Protocol, Record
from runner.store.layout import Layout
from runner.trial.evaluation import answer
from runner.trial.run import run_trial
from tests.runner.small_trials import DATA, MULTI, TRAINING, committed, spec_of

PRUNED = sorted(METHOD_SETS["pie"])

pytestmark = pytest.mark.usefixtures("small_model")


def test_el2n_is_measured_in_dense_trials_at_its_epoch(workplace):
    """The column holds EL2N after the first epoch beyond 30 %, as a dense trial of so many epochs has it at its end."""
    record = Record(splits=("test",), el2n=True)
    long = spec_of(training=dataclasses.replace(TRAINING, epochs=10), record=record)
    short = spec_of(
        training=dataclasses.replace(TRAINING, epochs=4), record=Record(splits=("train",), probabilities=True)
    )
    for spec in (long, short):
        run_trial(spec, workplace=workplace, data=DATA)
    rows = committed(workplace, long)[1].to_pandas()
    test, train = (rows[rows["split"] == split] for split in ("test", "train"))
    assert len(train) == 120
    assert test["el2n"].isna().all()
    probabilities = torch.tensor(committed(workplace, short)[1]["probabilities"].to_pylist())
    gold = torch.tensor(DATA.split("train")["label"].to_pylist())
    expected = (probabilities - torch.nn.functional.one_hot(gold, 3)).norm(dim=1)
    assert train["el2n"].tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    pruned = spec_of("rp-ai", record=record)
    run_trial(pruned, workplace=workplace, data=DATA)
    rows = committed(workplace, pruned)[1]
    assert "el2n" not in rows.column_names
    assert set(rows["split"].to_pylist()) == {"test", "train"}


@pytest.mark.parametrize("switch", ["half", "train"])
def test_multi_label_thresholds_by_switch(workplace, switch):
    """One half, or the value learned from the last training epoch; either is recorded and decides the labels."""
    spec = spec_of(data=MULTI, protocol=Protocol(threshold=switch), record=Record(probabilities=True))
    run_trial(spec, workplace=workplace, data=MULTI)
    record, rows = committed(workplace, spec)
    threshold = record["facts"]["threshold"]
    assert (threshold == 0.5) if switch == "half" else (0 <= threshold < 1)
    for row in rows.to_pylist():
        assert row["labels"] == [i for i, p in enumerate(row["probabilities"]) if p > threshold]
    assert record["facts"]["metrics"]["test"]["macro-f1"] > 0.5


def test_a_diverged_trial_still_commits(workplace, monkeypatch):
    """NaN everywhere: exact sparsity, defined labels, the rows counted, the loss unknown."""

    def ruin(network, initial):
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.fill_(float("nan"))
        return False

    monkeypatch.setattr(RECOVERIES["finetune"], "recover", ruin)
    spec = spec_of("mp-ai")
    run_trial(spec, workplace=workplace, data=DATA)
    facts = committed(workplace, spec)[0]["facts"]
    assert facts["achieved_sparsity"] == pytest.approx(244 / 272)
    assert facts["metrics"]["test"]["nan_rows"] == 50
    assert facts["metrics"]["test"]["loss"] is None
    assert set(committed(workplace, spec)[1]["label"].to_pylist()) == {0}


def test_a_learning_rate_that_diverges_leaves_no_nan_in_a_record(workplace):
    """Training with 1e6 or more: the commit record is JSON that every reader knows, without NaN and Infinity."""
    spec = spec_of(training=dataclasses.replace(TRAINING, learning_rate=1e30))
    run_trial(spec, workplace=workplace, data=DATA)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = Layout(workplace.root).commit(spec.trial_id).read_text(encoding="utf-8")
    metrics = json.loads(text, parse_constant=refuse)["facts"]["metrics"]["test"]
    assert metrics["loss"] is None or metrics["loss"] > 1e3


def test_dense_metrics_are_good_and_facts_complete(workplace):
    """The small network learns the small task, and the commit says where, how long and with what."""
    spec = spec_of(training=dataclasses.replace(TRAINING, epochs=12), record=Record(splits=("test", "validation")))
    run_trial(spec, workplace=workplace, data=DATA)
    facts = committed(workplace, spec)[0]["facts"]
    assert facts["metrics"]["test"]["accuracy"] > 0.7
    assert facts["metrics"]["validation"].keys() == {"accuracy", "macro-f1", "loss", "nan_rows"}
    assert facts["device_vendor"] == "cpu"
    assert facts["precision"] == "fp32"
    assert facts["versions"]["torch"] == torch.__version__
    assert facts["seconds"] > 0
    assert facts["achieved_sparsity"] == 0


def test_a_reference_is_the_dense_model_trained_four_times_as_long(workplace):
    """It goes on from the dense trial's state, cuts nothing, and answers as a dense trial of so many epochs does."""
    spec = spec_of("dense-4e", sparsity=0.0)
    long = spec_of(training=dataclasses.replace(TRAINING, epochs=4 * TRAINING.epochs))
    run_trial(spec.dense, workplace=workplace, data=DATA, keep_state=True)
    for one in (spec, long):
        assert run_trial(one, workplace=workplace, data=DATA).epochs == 4 * TRAINING.epochs
    (record, rows), (_, others) = committed(workplace, spec), committed(workplace, long)
    assert record["parent_id"] == spec.dense.trial_id
    assert record["facts"]["achieved_sparsity"] == 0
    assert rows["label"].equals(others["label"])


def test_rounds_of_a_study_are_the_trials(workplace):
    """Under a study's own name and with two rounds: three phases, and 1 - 0.1 ** (1 / 2) gone after the first cut."""
    spec = spec_of("imp-2", base_method="imp-ft", method_options=(("rounds", 2),))
    timeline = Timeline(spec.schedule.phases(3, 3), 1)
    cuts = {step: spec.schedule.removed(timeline.at(step), 0.9) for step in range(10)}
    assert {step: cut for step, cut in cuts.items() if cut} == {3: pytest.approx(1 - 0.1**0.5), 6: 0.9}
    run_trial(spec.dense, workplace=workplace, data=DATA, keep_state=True)
    assert run_trial(spec, workplace=workplace, data=DATA).epochs == 3 * TRAINING.epochs
    record, _ = committed(workplace, spec)
    assert record["parent_id"] == spec.dense.trial_id == spec_of("imp-ft").dense.trial_id
    assert record["facts"]["layer_sparsity"] == pytest.approx({"first.weight": 86 / 96, "second.weight": 158 / 176})
    assert (record["settings"]["base_method"], record["settings"]["method_options"]) == ("imp-ft", [["rounds", 2]])


@pytest.mark.parametrize("method", PRUNED)
def test_every_method_commits_its_target_sparsity(workplace, method):
    """A dense trial, then one of each method: exact achieved sparsity, its epochs, its rows, no checkpoint left."""
    spec = spec_of(method)
    if spec.shares_parent:
        assert run_trial(spec.dense, workplace=workplace, data=DATA, keep_state=True).status == "committed"
    outcome = run_trial(spec, workplace=workplace, data=DATA)
    record, rows = committed(workplace, spec)
    facts = record["facts"]
    assert outcome.status == "committed"
    assert facts["prunable"] == 6 * 16 + 16 * 11
    assert facts["parameters"] == 6 * 16 + 16 + 32 + 16 * 11 + 11 + 33 + 3
    layerwise = METHODS[method].scope == "layerwise"
    removed = round(96 * 0.9) + round(176 * 0.9) if layerwise else round(272 * 0.9)
    assert facts["achieved_sparsity"] == pytest.approx(removed / 272)
    assert facts["total_sparsity"] == pytest.approx(removed / facts["parameters"])
    if layerwise:
        assert facts["layer_sparsity"] == pytest.approx({"first.weight": 86 / 96, "second.weight": 158 / 176})
    assert facts["epochs"] == outcome.epochs == sum(SCHEDULES[METHODS[method].schedule].phases(3, 3))
    assert facts["steps"] == facts["epochs"] * 8
    assert rows.num_rows == 50
    assert record["rows"] == {"test": 50}
    assert not Layout(workplace.root).checkpoint(spec.trial_id).exists()


@pytest.mark.parametrize(
    ("epochs", "influence", "passes"),
    [
        (1, "beyond-30", {"train": 1, "test": 1}),
        (1, "rounded-30", {"train": 1, "test": 1}),
        (2, "beyond-30", {"train": 2, "test": 1}),
        (2, "rounded-30", {"train": 1, "test": 1}),
        (4, "beyond-30", {"train": 2, "test": 1}),
    ],
)
def test_one_pass_serves_el2n_and_predictions_where_both_are_of_the_last_epoch(
    workplace, monkeypatch, epochs, influence, passes
):
    """Training examples are read again only if the network that EL2N was measured on learned more afterwards."""
    sizes = {120: "train", 50: "test"}
    counted: Counter[str] = Counter()

    def counting(network, encoded, *rest):
        counted[sizes[len(encoded.lengths)]] += 1
        return answer(network, encoded, *rest)

    monkeypatch.setattr("runner.trial.assembly.answer", counting)
    spec = spec_of(
        training=dataclasses.replace(TRAINING, epochs=epochs),
        protocol=Protocol(influence=influence),
        record=Record(splits=("train", "test"), probabilities=True, el2n=True),
    )
    run_trial(spec, workplace=workplace, data=DATA)
    assert counted == passes
    rows = committed(workplace, spec)[1].to_pandas()
    train = rows[rows["split"] == "train"]
    probabilities = torch.tensor(np.stack(train["probabilities"]))
    gold = torch.tensor(DATA.split("train")["label"].to_pylist())
    at_the_end = (probabilities - torch.nn.functional.one_hot(gold, 3)).norm(dim=1)
    is_last = passes["train"] == 1
    assert (train["el2n"].tolist() == pytest.approx(at_the_end.tolist(), abs=1e-5)) is is_last


def test_a_shared_pass_changes_no_byte(workplace, monkeypatch, tmp_path):
    """A trial that reads its training examples a second time has the same rows."""
    spec = spec_of(training=dataclasses.replace(TRAINING, epochs=1), record=Record(splits=("train", "test"), el2n=True))
    run_trial(spec, workplace=workplace, data=DATA)
    shared = committed(workplace, spec)
    monkeypatch.setattr("runner.trial.history.History.trained_logits", property(lambda _: None, lambda *_: None))
    apart = dataclasses.replace(workplace, root=tmp_path / "apart")
    run_trial(spec, workplace=apart, data=DATA)
    again = committed(apart, spec)
    assert again[1].equals(shared[1])
    assert again[0]["rows_sha256"] == shared[0]["rows_sha256"]
