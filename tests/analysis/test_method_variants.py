"""Methods that a later version adds, and those under a study's own names: in figures, tables, page and comparisons."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from analysis.display_names import method_key, method_name
from analysis.figures import FIGURES
from analysis.figures.style import looks
from analysis.page.page import Page
from analysis.published.comparison import compare
from analysis.relations.database import connect
from analysis.relations.variants import model_names
from analysis.results import Results
from analysis.tables import TABLES
from runner.method import Method
from runner.methods import METHOD_SETS, METHODS
from runner.store.reader import commits
from tests.analysis.statistics.small_panels import write_store
from tests.analysis.stores import write_task, write_trials
from tests.runner.store import tampering

EXAMPLES, SEEDS = 60, 5
PIE = METHOD_SETS["pie"]


def answered(cells: list[tuple[str, float]]) -> dict[tuple[str, float], dict[int, Any]]:
    """Answers of each cell, the more of them wrong the more is removed."""
    random = np.random.default_rng(4)
    gold = np.arange(EXAMPLES) % 2
    return {
        (method, sparsity): {
            seed: np.where(random.random(EXAMPLES) < 0.1 + 0.3 * sparsity, 1 - gold, gold) for seed in range(SEEDS)
        }
        for method, sparsity in cells
    }


def store_of(root: Path, methods: list[str]) -> Path:
    """A store with these methods at two sparsities."""
    cells = [("dense", 0.0), *((method, sparsity) for method in methods for sparsity in (0.5, 0.9))]
    return write_store(root, answered(cells), np.arange(EXAMPLES) % 2)


def say(root: Path, cell: dict[str, Any], **said: Any) -> None:
    """Have the trials with these settings say this too."""

    def amend(record: dict[str, Any]) -> None:
        if cell.items() <= record["settings"].items():
            record["settings"].update(said)

    for path in (root / "commits").iterdir():
        tampering.rewrite(path, amend)


@pytest.fixture
def ninth(monkeypatch: pytest.MonkeyPatch) -> str:
    """A method that came after those of the first paper."""
    new = Method(title="Something new", score="magnitude", schedule="at-initialization", scope="global")
    monkeypatch.setitem(METHODS, "new-ft", new)
    return "new-ft"


@pytest.fixture(scope="module")
def nine(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The results of a store with the paper's eight methods and one that came after them."""
    return Results(connect(store_of(tmp_path_factory.mktemp("nine") / "store", [*PIE, "new-ft"])))


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws_a_ninth_method(nine: Results, ninth: str, name: str) -> None:
    """Beside the paper's eight, in the legend of whichever figure has one; those of the paper look as they did."""
    drawn = list(FIGURES[name].pictures(name, nine))
    legends = {text.get_text() for one in drawn for legend in one.figure.legends for text in legend.get_texts()}
    if name in ("effectiveness", "pie_rate"):
        assert {method.upper() for method in (*PIE, ninth)} <= legends


def test_a_ninth_method_changes_no_look(ninth: str) -> None:
    """The eight keep colour and marker; the ninth has a look of its own, and so have 64 in all."""
    known = looks([*PIE, ninth])
    assert {name: known[name] for name in PIE} == looks(PIE)
    assert known[ninth] not in [known[name] for name in PIE]
    many = looks([*METHODS, *(f"own-{number}" for number in range(64 - len(METHODS)))])
    assert len({(look.colour, look.marker) for look in many.values()}) == 64
    assert len(looks([f"own-{number}" for number in range(500)])) == 500


def test_every_table_takes_a_ninth_method(tmp_path: Path, ninth: str) -> None:
    """It is sorted after the eight, printed as they are, and described."""
    results = Results(connect(store_of(tmp_path / "store", [ninth, "theirs", "rp-ai"])))
    for build in TABLES.values():
        build(results)
    assert [line.keys[:2] for line in TABLES["methods"](results).lines] == [
        ("RP-AI", "random"),
        ("NEW-FT", "magnitude"),
        ("theirs", "\N{EN DASH}"),
    ]
    assert sorted(["theirs", ninth, "rp-ai", "dense"], key=method_key) == ["dense", "rp-ai", ninth, "theirs"]
    assert method_name(ninth) == "NEW-FT"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of a study with a method and a reference of its own names, and one with other options."""
    tmp_path = tmp_path_factory.mktemp("own")
    cells = [("dense", 0.0), ("dense-6e", 0.0), ("imp-5", 0.9), ("imp-ft", 0.9), ("rp-ai", 0.9)]
    store = write_store(tmp_path / "store", answered(cells), np.arange(EXAMPLES) % 2)
    say(store, {}, base_method="", method_options=[], versions=[["task", 2]])
    say(
        store,
        {"method": "imp-5"},
        base_method="imp-ft",
        method_options=[["rounds", 5]],
        versions=[["schedule", 2], ["task", 2]],
    )
    say(store, {"method": "dense-6e"}, base_method="dense-4e", method_options=[["times", 6]])
    say(store, {"method": "imp-ft"}, method_options=[["rounds", 2]])
    return store


def test_own_names_are_described(own: Path) -> None:
    """The table of methods and the page say what stands behind a name, with the options that differ."""
    results = Results(connect(own), own)
    assert [line.keys for line in TABLES["methods"](results).lines] == [
        ("IMP-FT", "magnitude", "iterative (rounds 2)", "layerwise", "fine-tuning"),
        ("RP-AI", "random", "at initialization", "layerwise", "training"),
        ("dense-6e", *["\N{EN DASH}"] * 4),
        ("imp-5", "magnitude", "iterative (rounds 5)", "layerwise", "fine-tuning"),
    ]
    titles = dict(vars(Page)["methods"].func(SimpleNamespace(results=results)))
    assert titles["imp-5"] == "Iterative magnitude pruning, fine-tuning (rounds 5)"
    assert titles["dense-6e"] == "Dense, trained for as long as the iterative methods (times 6)"


def test_a_name_with_two_meanings_says_both(tmp_path: Path) -> None:
    """Where models of one store were pruned with other options under one name, the table has each."""
    store = store_of(tmp_path / "store", ["imp-ft"])
    say(store, {"method": "imp-ft", "sparsity": 0.9}, base_method="", method_options=[["rounds", 5]])
    (line,) = TABLES["methods"](Results(connect(store))).lines
    assert line.keys[2] == "iterative; iterative (rounds 5)"


@pytest.mark.parametrize("said", [5, "no", {"a": 1}, [1], [["rounds"]], [[["a"], {"b": 1}]]])
def test_settings_that_say_nonsense_stop_no_table(tmp_path: Path, said: object) -> None:
    """Options of a store that comes from elsewhere may be anything."""
    store = store_of(tmp_path / "store", ["imp-ft"])
    say(store, {"method": "imp-ft", "sparsity": 0.9}, base_method="", method_options=said)
    assert len(TABLES["methods"](Results(connect(store))).lines) == 1


def test_methods_do_not_split_a_model(own: Path) -> None:
    """What methods mean differs within a model: its cells stay comparable, in stores without plans too."""
    assert set(model_names([], commits(own)).values()) == {"m"}


@pytest.fixture(scope="module")
def own_results(own: Path) -> Results:
    """What all tests that only look at it share."""
    return Results(connect(own), own)


@pytest.mark.parametrize("name", [*FIGURES])
def test_figures_take_own_names(own_results: Results, name: str) -> None:
    """A method and a reference of a study's own names are drawn as they are written."""
    drawn = list(FIGURES[name].pictures(name, own_results))
    legends = {text.get_text() for one in drawn for legend in one.figure.legends for text in legend.get_texts()}
    if name in ("effectiveness", "pie_rate"):
        assert {"imp-5", "dense-6e"} <= legends


def test_tables_take_own_names(own_results: Results) -> None:
    """No table fails over them."""
    for build in TABLES.values():
        build(own_results)


def test_changed_methods_are_not_compared_with_the_papers(tmp_path: Path) -> None:
    """A published number is of the method as published: one with other options stands beside none, and is named."""
    names = ["negative", "positive"]
    write_task(tmp_path, "imdb", names, [{"split": "test", "example_id": i, "label": names[i % 2]} for i in range(8)])
    cells = [("dense", 0.0), ("imp-ft", 0.9), ("rp-ai", 0.9)]
    rows = [
        {"task": "imdb", "model": "bilstm", "method": method, "sparsity": sparsity, "seed": seed, "split": "test"}
        | {"example_id": i, "label": names[(i + (i == 0)) % 2]}
        for method, sparsity in cells
        for seed in range(2)
        for i in range(8)
    ]
    write_trials(tmp_path, {"imdb": names}, rows)
    before = compare(Results(connect(tmp_path), tmp_path), "paper")
    assert {pair.place.method for pair in before.pairs if pair.place.sparsity and pair.place.method} == {
        "imp-ft",
        "rp-ai",
    }
    say(tmp_path, {"method": "imp-ft"}, base_method="", method_options=[["rounds", 5]])
    after = compare(Results(connect(tmp_path), tmp_path), "paper")
    assert {pair.place.method for pair in after.pairs if pair.place.sparsity and pair.place.method} == {"rp-ai"}
    assert "method imp-ft" in after.without_counterpart
