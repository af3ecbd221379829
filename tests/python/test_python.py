"""`import piesweep`: stores as frames, plans and runs, as the command line has them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import piesweep
import pytest
from piesweep.stores import Store
from typer.testing import CliRunner

from analysis.relations.database import VIEWS
from analysis.relations.query import QueryError
from runner.command_line import app
from runner.folders import ROOT
from runner.store.errors import StoreError
from runner.studies import StudyError
from tests.analysis.stores import write_task, write_trials

RATE = "SELECT method, sparsity, pies, rate FROM pie_rate"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two dense and two pruned trials that disagree on one example of four."""
    root = tmp_path_factory.mktemp("own") / "store"
    rows = [
        {"task": "films", "model": "net", "method": method, "sparsity": sparsity, "seed": seed, "split": "test"}
        | {"example_id": example, "label": "yes" if example % 2 and (method, example) != ("imp-ft", 3) else "no"}
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.9))
        for seed in (0, 1)
        for example in range(4)
    ]
    films = [{"split": "test", "example_id": n, "label": ("no", "yes")[n % 2], "text": f"Film {n}."} for n in range(4)]
    write_task(root, "films", ["no", "yes"], films)
    write_trials(root, {"films": ["no", "yes"]}, rows)
    return piesweep.open(root)


def test_a_view_is_an_attribute(store: Store) -> None:
    """As a pandas frame and an Arrow table it has the rows of `piesweep sql`."""
    frame = store.pie_rate.df()
    assert isinstance(frame, pd.DataFrame)
    assert frame[["method", "sparsity", "pies", "rate"]].to_dict("records") == [
        {"method": "imp-ft", "sparsity": 0.9, "pies": 1, "rate": 0.25}
    ]
    assert store.pie_rate.arrow().to_pylist() == frame.to_dict("records")


def test_every_view_is_there_and_says_what_it_holds(store: Store) -> None:
    """`dir` lists them, each answers, and each has its summary and columns as a docstring."""
    assert set(VIEWS) <= set(dir(store))
    for name, about in VIEWS.items():
        view = getattr(store, name)
        assert view.__doc__.startswith(f"{name}: {about}.")
        columns = view.arrow().column_names
        assert all(f" {column} " in view.__doc__ for column in columns if column != "label")


def test_questions_are_answered_as_by_the_command_line(store: Store) -> None:
    """The same query gives the same CSV."""
    told = CliRunner().invoke(app, ["sql", str(store.path), RATE, "--format", "csv"])
    assert store.sql(RATE).df().to_csv(index=False) == told.stdout


def test_a_frame_of_polars(store: Store) -> None:
    """Where polars is installed."""
    polars = pytest.importorskip("polars", reason="polars is not installed")
    assert (
        store.sql(RATE).pl().equals(polars.DataFrame({"method": ["imp-ft"], "sparsity": 0.9, "pies": 1, "rate": 0.25}))
    )


def test_an_answer_shows_itself(store: Store) -> None:
    """In a terminal as a table, in a notebook as HTML in which texts stay texts."""
    assert "imp-ft" in repr(store.pie_rate)
    html = store.sql("SELECT '<script>' AS text")._repr_html_()
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "query",
    ["selec 1", "DROP VIEW trials", "COPY (SELECT 1) TO 'x.csv'", "FROM read_csv('/etc/passwd')", "SELECT 1; SELECT 2"],
)
def test_a_store_is_only_read(store: Store, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no question is refused when it is asked, in one line; the next question is answered."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QueryError) as refusal:
        store.sql(query)
    assert len(str(refusal.value).splitlines()) == 1
    assert not list(tmp_path.iterdir())
    assert store.sql("SELECT 1 AS one").df()["one"].tolist() == [1]


def test_wrong_names_are_told(store: Store, tmp_path: Path) -> None:
    """A view, a store and a study that are not there: the nearest name, or what makes one."""
    with pytest.raises(AttributeError, match="no view 'pie_rates', did you mean 'pie_rate'"):
        _ = store.pie_rates
    with pytest.raises(StoreError, match="does not exist"):
        piesweep.open(tmp_path / "nowhere")
    with pytest.raises(StudyError, match="did you mean 'quickstart'"):
        piesweep.plan("quickstrat")
    assert not list(tmp_path.iterdir())


def test_a_plan_is_that_of_the_command_line() -> None:
    """The same study with the same overrides has the same trials."""
    told = CliRunner().invoke(app, ["plan", "quickstart", "seeds=2", "--json"])
    found = piesweep.plan("quickstart", "seeds=2")
    assert f'"trials": {found.trials},' in told.stdout
    assert found.trials == 34


def test_version() -> None:
    """`piesweep --version` says what `piesweep.__version__` is."""
    assert CliRunner().invoke(app, ["--version"]).stdout == f"piesweep {piesweep.__version__}\n"


def test_importing_it_is_quick() -> None:
    """Neither torch nor DuckDB nor pandas is loaded before they are needed."""
    code = "import piesweep, sys; sys.exit(bool({'torch', 'duckdb', 'pandas', 'ray'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT / "runner" / "python").returncode == 0
