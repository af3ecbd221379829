"""From a store and what its studies declared to verdicts and tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.relations.database import connect
from analysis.results import Results
from analysis.statistics.hypothesis_tests import declared, exploratory
from analysis.tables import TABLES
from analysis.tables.formats import TABLE_FORMATS, csv_text, markdown
from tests.analysis.quality_stores import Trained, write_quality
from tests.analysis.stores import write_plan, write_task, write_trials

CLASSES = {"t": ["a", "b"]}
CHANCES = {("dense", 0.0): 0.93, ("imp-ft", 0.5): 0.93, ("rp-ai", 0.5): 0.55}
EXAMPLES, SEEDS = 60, 6
EARLY, LATE = "2020-01-01T00:00:00.000+00:00", "2120-01-01T00:00:00.000+00:00"
WORSE = {"name": "worse", "of": {"method": "rp-ai"}, "against": "dense", "test": "paired-t"}
VOTES = {"name": "votes", "against": "dense", "test": "mcnemar", "correction": "bonferroni"}
BROKEN = {"name": "broken", "compare": "pie-rate", "of": {"method": "rp-ai"}, "against": "imp-ft", "test": "mcnemar"}
HARD = {"name": "hard", "compare": "effectiveness-on-pies", "test": "bootstrap"}


def cells(seeds: int = SEEDS) -> list[dict[str, object]]:
    """The trials of a small grid."""
    return [
        {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": seed}
        for method, sparsity in CHANCES
        for seed in range(seeds)
    ]


def make(root: Path, trials: list[dict[str, object]]) -> Path:
    """A store in which random pruning does harm and magnitude pruning does not."""
    random = np.random.default_rng(5)
    write_task(root, "t", CLASSES["t"], [{"split": "test", "example_id": i, "label": "a"} for i in range(EXAMPLES)])
    hardness = random.random(EXAMPLES)
    rows = []
    for cell in trials:
        chance = CHANCES[cell["method"], cell["sparsity"]]
        right = random.random(EXAMPLES) < chance - 0.1 * (hardness - 0.5)
        rows += [cell | {"split": "test", "example_id": i, "label": "a" if right[i] else "b"} for i in range(EXAMPLES)]
    write_trials(root, CLASSES, rows)
    return root


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All trials of the grid; tests add plans under names of their own and take them away again."""
    return make(tmp_path_factory.mktemp("hypotheses") / "store", cells())


@pytest.fixture
def store(grid: Path):
    """The grid without a plan."""
    yield grid
    for path in (grid / "plans").glob("*.json"):
        path.unlink()


def results(store: Path) -> Results:
    """What the tables are made from."""
    return Results(connect(store))


def test_verdicts_of_declared_families(store: Path) -> None:
    """A real harm is found by pairs of seeds and of examples; where there is none, none is shown."""
    write_plan(store, "study", cells(), {"frozen_at": EARLY, "hypotheses": [WORSE, VOTES, BROKEN, HARD]})
    rows = declared(results(store))
    assert [(row["family"], row["method"], row["pairs"], row["verdict"]) for row in rows] == [
        ("worse", "rp-ai", SEEDS, "lower"),
        ("votes", "imp-ft", EXAMPLES, "no difference shown"),
        ("votes", "rp-ai", EXAMPLES, "lower"),
        ("broken", "rp-ai", EXAMPLES, "higher"),
        ("hard", "imp-ft", SEEDS, "no difference shown"),
        ("hard", "rp-ai", SEEDS, "lower"),
    ]
    assert {row["status"] for row in rows} == {"declared before data"}
    means = {row["method"]: row["mean"] for row in results(store).effectiveness}
    assert rows[0]["estimate"] == pytest.approx(means["rp-ai"] - means["dense"])
    assert rows[1]["corrected_p"] == min(1, 2 * rows[1]["p"])


def test_unpaired_seeds_are_refused_by_name(tmp_path: Path) -> None:
    """A pruned cell that lacks one seed is not compared on the others: the reason says which is missing."""
    root = make(tmp_path, [cell for cell in cells() if (cell["method"], cell["seed"]) != ("rp-ai", 4)])
    write_plan(root, "study", cells(), {"frozen_at": EARLY, "hypotheses": [WORSE, VOTES]})
    rows = {(row["family"], row["method"]): row for row in declared(results(root))}
    for row in (rows["worse", "rp-ai"], rows["votes", "rp-ai"]):
        assert (row["verdict"], row["reason"]) == ("not tested", "unpaired: RP-AI 50 % lacks seed 4")
    found = {row["method"]: row for row in exploratory(results(root))}
    assert found["rp-ai"]["reason"] == "unpaired: RP-AI 50 % lacks seed 4"
    assert "not tested: unpaired: RP-AI 50 % lacks seed 4 †" in markdown(TABLES["hypotheses"](results(root)))


def test_when_it_was_said(store: Path) -> None:
    """A family keeps the time of its first plan, one added later is after the data, one given up stays on record."""
    write_plan(store, "one", cells(), {"name": "study", "frozen_at": EARLY, "hypotheses": [WORSE, HARD]})
    write_plan(store, "two", cells(), {"name": "study", "frozen_at": LATE, "hypotheses": [WORSE, VOTES]})
    rows = results(store).rows("SELECT DISTINCT family, status, withdrawn FROM hypotheses ORDER BY family")
    assert [tuple(row.values()) for row in rows] == [
        ("hard", "declared before data", True),
        ("votes", "declared after data", False),
        ("worse", "declared before data", False),
    ]
    text = markdown(TABLES["hypotheses"](results(store)))
    assert "declared after data" in text
    assert "declared before data, withdrawn later" in text


def test_other_words_are_another_family(store: Path) -> None:
    """Raising alpha after the data does not replace what was said before: both are shown, the first as withdrawn."""
    write_plan(store, "one", cells(), {"name": "study", "frozen_at": EARLY, "hypotheses": [WORSE]})
    write_plan(store, "two", cells(), {"name": "study", "frozen_at": LATE, "hypotheses": [WORSE | {"alpha": 0.2}]})
    rows = declared(results(store))
    assert [(row["alpha"], row["status"], row["withdrawn"]) for row in rows] == [
        (0.05, "declared before data", True),
        (0.2, "declared after data", False),
    ]


def test_more_seeds_than_declared(store: Path) -> None:
    """Seeds added once the first were seen are tested, and the family says so."""
    write_plan(store, "one", cells(3), {"name": "study", "frozen_at": EARLY, "hypotheses": [WORSE]})
    write_plan(store, "two", cells(6), {"name": "study", "frozen_at": LATE, "hypotheses": [WORSE]})
    (row,) = declared(results(store))
    assert (row["status"], row["withdrawn"], row["pairs"]) == ("more seeds than declared", False, 6)


def test_nothing_declared_is_exploratory(store: Path) -> None:
    """Without a declaration there is one table, cells against dense ones, which says that it is exploratory."""
    found = results(store)
    assert TABLES["hypotheses"](found).lines == ()
    table = TABLES["against_dense"](found)
    assert "exploratory" in table.title
    assert [line.keys for line in table.lines] == [("t", "m", "IMP-FT"), ("t", "m", "RP-AI")]
    assert [value.marks for line in table.lines for value in line.values[0]] == [set(), set(), {"worst"}, set()]
    assert {row["status"] for row in table.records} == {"exploratory"}


def test_one_seed_is_no_table(tmp_path: Path) -> None:
    """Where no comparison can be tested there is nothing to print."""
    assert TABLES["against_dense"](results(make(tmp_path, cells(1)))).lines == ()


def test_tables_in_every_format(store: Path) -> None:
    """Declared families print as Markdown, CSV and LaTeX, with the full numbers in the CSV."""
    write_plan(store, "study", cells(), {"frozen_at": EARLY, "hypotheses": [WORSE, HARD]})
    table = TABLES["hypotheses"](results(store))
    assert all(text(table) for text in TABLE_FORMATS.values())
    assert "corrected_p" in csv_text(table).splitlines()[0]
    assert [line.keys[-1] for line in table.lines] == [
        "RP-AI 50 % against dense",
        "IMP-FT 50 % on PIEs that other seeds find against dense on the same",
        "RP-AI 50 % on PIEs that other seeds find against dense on the same",
    ]


def test_models_trained_in_two_ways_are_compared_by_their_own_names(tmp_path: Path) -> None:
    """A family of the second way compares the trials that its own plan names."""
    root = make(tmp_path, cells(3))
    later = [cell | {"epochs": "9"} for cell in cells(3)]
    write_plan(root, "one", cells(3), {"name": "one"})
    rows = [
        cell | {"split": "test", "example_id": i, "label": "a" if (i + cell["seed"]) % 3 else "b"}
        for cell in later
        for i in range(EXAMPLES)
    ]
    write_trials(root, CLASSES, rows)
    write_plan(root, "two", later, {"name": "two", "frozen_at": LATE, "hypotheses": [WORSE]})
    (row,) = declared(results(root))
    assert row["model"].startswith("m@")
    assert row["other_model"] == row["model"]
    assert row["reason"] == "no spread: all seeds differ by the same amount"


KINDS_OF_ANSWER = {"glue/rte": "bert", "glue/stsb": "bert", "squad": "bert", "conll2003": "bert", "e2e": "gpt2"}
HEADLINES = {("dense", 0.0): (19,) * 5, ("imp", 0.8): (14, 13, 13, 14, 13), ("pins", 0.8): (17, 16, 17, 17, 16)}


def test_the_headline_of_any_kind_of_answer_is_compared_by_pairs_of_seeds(tmp_path: Path) -> None:
    """Classes, numbers, spans, tags and texts: one family, corrected together, of the headline of each task."""
    groups = [Trained(task=task, model=model, cells=HEADLINES) for task, model in KINDS_OF_ANSWER.items()]
    root = write_quality(tmp_path, *groups)
    planned = [
        {"task": task, "model": model, "method": method, "sparsity": sparsity, "seed": seed}
        for task, model in KINDS_OF_ANSWER.items()
        for method, sparsity in HEADLINES
        for seed in range(5)
    ]
    family = {"name": "gains", "of": {"method": "pins"}, "against": "imp", "test": "paired-t"}
    write_plan(root, "study", planned, {"frozen_at": EARLY, "hypotheses": [family]})
    rows = {row["task"]: row for row in declared(results(root))}
    assert set(rows) == set(KINDS_OF_ANSWER)
    means = {(row["task"], row["method"]): row["mean"] for row in results(root).effectiveness}
    for task, row in rows.items():
        assert (row["pairs"], row["status"], row["reason"]) == (5, "declared before data", "")
        assert row["estimate"] == pytest.approx(means[task, "pins"] - means[task, "imp"])
        assert row["corrected_p"] >= row["p"]
    assert rows["e2e"]["verdict"] == "higher"
    assert min(row["corrected_p"] for row in rows.values()) == pytest.approx(5 * min(row["p"] for row in rows.values()))
    assert {line.keys[3] for line in TABLES["hypotheses"](results(root)).lines} == set(KINDS_OF_ANSWER)
