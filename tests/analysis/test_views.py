"""Every view against folders of rows: a store is made of the inputs, and the view must give the expected rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from analysis.relations.base_relations import TABLES
from analysis.relations.database import SQL, STEPS, VIEWS, connect, kind_files, statement
from runner.store.schema import SINGLE_FACTS, Facts
from tasks.kinds import KINDS
from tests.analysis.stores import hashed, read_rows, write_store

CASES = Path(__file__).parent / "sql"
HEADER = ("Title", "Grain", "Needs", "Columns", "Reference")


def shown(value: Any) -> str:
    """A value as the case files write it: lists joined by |, an empty list as [], null as nothing."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "|".join(shown(part) for part in value) or "[]"
    if isinstance(value, float):
        return str(round(value, 6))
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("folder", sorted(CASES.glob("*/*")), ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_view_gives_the_expected_rows(folder: Path, tmp_path: Path) -> None:
    """A view over the committed rows of a case folder gives exactly the rows of its expect.csv."""
    connection = connect(write_store(tmp_path, folder))
    expected = [
        row | ({"trial_id": hashed(row["trial_id"])} if "trial_id" in row else {})
        for row in read_rows(folder / "expect.csv")
    ]
    relation = connection.sql(f"SELECT {', '.join(expected[0]) if expected else '*'} FROM {folder.parent.name}")
    found = [{name: shown(value) for name, value in row.items()} for row in relation.to_arrow_table().to_pylist()]
    assert sorted(found, key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_a_case(view: str) -> None:
    """No public view is without rows that test it."""
    assert any((CASES / view).glob("*/expect.csv"))


@pytest.mark.parametrize("name", [*STEPS, *VIEWS])
def test_header_is_complete(name: str) -> None:
    """Every SQL file opens with title, grain, needs, columns and reference, that of a view also has an example."""
    files = [path for path in (SQL / f"{name}.sql", SQL / "kinds" / f"{name}.sql") if path.exists()]
    for text in [path.read_text() for path in (*files, *kind_files(name))]:
        lines = [line for line in text.splitlines() if line.startswith("--")]
        found = [match[1] for line in lines if (match := re.match(r"-- (\w+):\s+\S", line))]
        assert found == [*HEADER, *(["Example"] if name in VIEWS else [])]


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Those of every view."""
    connection = connect(write_store(tmp_path_factory.mktemp("columns"), CASES / "classes" / "index_order"))
    return {view: [row[0] for row in connection.execute(f"DESCRIBE {view}").fetchall()] for view in VIEWS}


@pytest.mark.parametrize("view", VIEWS)
def test_header_names_the_columns(view: str, columns: dict[str, list[str]]) -> None:
    """The columns that a header documents are those that the view has, in order."""
    header = statement(view).partition("-- Columns:")[2].partition("-- Reference:")[0]
    documented = re.findall(r"^(?:-- {12}| {3})(\w+) {2,}[A-Z]", header, flags=re.MULTILINE)
    assert documented == columns[view]


def test_every_file_is_listed() -> None:
    """No SQL file lies about that nothing loads."""
    assert {path.stem for path in SQL.rglob("*.sql")} == {*STEPS, *VIEWS}


def test_a_kind_is_named_in_its_own_folder_alone() -> None:
    """No other SQL asks what kind of answer a task has, and every folder is that of a kind."""
    assert {folder.name for folder in (SQL / "kinds").iterdir() if folder.is_dir()} == {*KINDS}
    statements = [re.sub(r"--.*", "", path.read_text()) for path in SQL.glob("*.sql")]
    assert not [text for text in statements if re.search(f"'({'|'.join(KINDS)})'", text)]


UNSHOWN = {"steps", "weights", "parent_weights", "restored_checkpoints", "failed_restores"}
UNSHOWN |= {"selected_step", "outcome_sparsity"}
"""Facts of a trial that its record has and the view `trials` leaves out."""


def test_the_view_trials_shows_every_fact_or_says_so(columns: dict[str, list[str]]) -> None:
    """A fact that a trial says of itself is a column of trials in one step, or stands among those that are not."""
    assert {*Facts.model_fields} - {*columns["trials"]} == {*UNSHOWN, "layer_sparsity"}
    assert {*TABLES["trial"]} >= {*SINGLE_FACTS}
