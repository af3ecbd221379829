"""The metrics that a task chooses: what is allowed, and that they are the library's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score, matthews_corrcoef

from tasks.base import TaskChoice, TaskError
from tasks.catalogue import open_task
from tasks.kinds import KINDS
from tasks.metric_choice import allowed, check_metrics, measured

GOLD, SAID = np.array([0, 1, 1, 2, 2, 0], np.int16), np.array([0, 1, 2, 2, 2, 1], np.int16)


def test_what_is_chosen_is_measured_in_its_order() -> None:
    """Chosen metrics, and no others, as scikit-learn has them; none chosen are those of the kind."""
    kind, names = KINDS["single-label"], ("a", "b", "c", "d")
    found = measured(kind, ("matthews", "f1:b", "accuracy"), GOLD, SAID, names)
    assert list(found) == ["matthews", "f1:b", "accuracy"]
    assert found["matthews"] == matthews_corrcoef(GOLD, SAID)
    assert found["f1:b"] == f1_score(GOLD, SAID, labels=[1], average="macro")
    assert measured(kind, (), GOLD, SAID, names) == kind.measured(GOLD, SAID, 4)
    assert np.isnan(measured(kind, ("f1:d",), GOLD, SAID, names)["f1:d"])  # nobody has it, nobody says it
    hot, said = np.eye(3, dtype=bool)[GOLD], np.eye(3, dtype=bool)[SAID]
    assert measured(KINDS["multi-label"], ("micro-f1",), hot, said, names[:3]) == {
        "micro-f1": f1_score(hot, said, average="micro")
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_offers_its_own_metrics(kind: str) -> None:
    """What a kind has by itself may be chosen, in any order."""
    check_metrics("t", kind, KINDS[kind].metrics[::-1])
    assert [*KINDS[kind].metrics] == allowed(kind)[: len(KINDS[kind].metrics)]


@pytest.fixture
def choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A task of one's own with the classes up and down."""
    monkeypatch.setenv("PIESWEEP_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "rows.csv"
    path.write_text("text,label\nfine,up\nbad,down\n")
    return {"name": "own", "train": str(path), "test": str(path), "text": "text", "label": "label"}


def test_a_choice_changes_the_headline_and_nothing_else(choice: dict[str, str]) -> None:
    """Examples and fingerprint are the same; the kind's own metrics in their order are no choice."""
    plain = open_task(TaskChoice(**choice))
    chosen = open_task(TaskChoice(**choice, metrics=("f1:up", "accuracy")))
    assert (chosen.metric, chosen.metrics) == ("f1:up", ("f1:up", "accuracy"))
    assert chosen.fingerprint == plain.fingerprint
    assert open_task(TaskChoice(**choice, metrics=("accuracy", "macro-f1"))).metrics == plain.metrics == ()
    assert "metrics" not in TaskChoice(**choice).model_dump()


def test_a_class_that_the_data_do_not_have_is_refused(choice: dict[str, str]) -> None:
    """Once the data are read, which is before anything is written."""
    with pytest.raises(TaskError, match="metric 'f1:good' is of a class that it does not have; it has down, up"):
        open_task(TaskChoice(**choice, metrics=("f1:good",)))


def test_parts_that_nobody_names_are_refused(choice: dict[str, str]) -> None:
    """A mean over parts needs the column that names them."""
    with pytest.raises(TaskError, match="a column 'part' names; add it"):
        open_task(TaskChoice(**choice, metrics=("accuracy-by-part",)))
