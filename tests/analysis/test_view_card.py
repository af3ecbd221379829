"""What is told of a view: every column with its type, as the view has them, and a query that answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from analysis.relations.database import VIEWS, Database, connect, sandbox
from analysis.relations.query import checked
from analysis.view_card import view_card


@pytest.fixture(scope="module")
def closed(store: Path) -> Iterator[Database]:
    """As a user's questions find it; one for all views."""
    with connect(store) as database:
        sandbox(database)
        yield database


@pytest.fixture(scope="module")
def connection(store: Path) -> Database:
    """One for all views."""
    return connect(store)


@pytest.mark.parametrize("name", VIEWS)
def test_columns_and_types_are_those_of_the_view(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """In order; a type that depends on the store is named with both forms."""
    described = connection.execute(f"DESCRIBE {name}").fetchall()
    told = [column for column in view_card(name).columns if column.name != "..."]
    assert [column.name for column in told] == [row[0] for row in described]
    assert all(row[1] in column.kind.split(" or ") for row, column in zip(described, told, strict=True))


@pytest.mark.parametrize("name", VIEWS)
def test_the_example_is_a_question_about_the_view(closed: Database, name: str) -> None:
    """It names the view and is answered, in a store that has no rows of it too."""
    query = view_card(name).example
    assert name in query
    assert isinstance(closed.sql(checked(closed, query)).to_arrow_table().to_pylist(), list)


def test_meanings_are_whole() -> None:
    """What a header says in several lines is one sentence, and common columns are explained once for all views."""
    columns = {column.name: column.meaning for column in view_card("el2n").columns}
    assert columns["bin"].startswith("1 to 20, the most influential examples in the last: bin k holds")
    assert columns["bin"].endswith("equal scores always in one bin, the lower one")
    assert columns["split"] == "train, validation, test, or one of the data's own"
