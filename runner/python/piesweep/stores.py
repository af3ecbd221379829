"""A store and its views as frames of pandas, polars or Arrow: read-only, as `piesweep sql` reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.relations.database import VIEWS, connect, sandbox, statement
from analysis.relations.query import checked, clear_errors
from runner.studies.errors import suggestion

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

SHOWN_ROWS = 20


class Rows:
    """The answer to a question, computed anew from what is committed whenever a frame of it is asked for."""

    def __init__(self, store: Path, query: str) -> None:
        self._store = store
        self.query = query

    def df(self) -> pd.DataFrame:
        """As a pandas frame."""
        with self._relation() as relation:
            frame: pd.DataFrame = relation.df()
            return frame

    def pl(self) -> Any:
        """As a polars frame; polars is to be installed."""
        with self._relation() as relation:
            return relation.pl()

    def arrow(self) -> pa.Table:
        """As an Arrow table."""
        with self._relation() as relation:
            return relation.to_arrow_table()

    def __repr__(self) -> str:
        with self._relation() as relation:
            return str(relation.limit(SHOWN_ROWS))

    def _repr_html_(self) -> str:
        with self._relation() as relation:
            html: str = relation.limit(SHOWN_ROWS).df().to_html(index=False, border=0)
            return html

    @contextmanager
    def _relation(self) -> Iterator[duckdb.DuckDBPyRelation]:
        with closing(connect(self._store)) as connection, clear_errors():
            sandbox(connection)
            yield connection.sql(checked(connection, self.query))


class View(Rows):
    """One view of a store, whole; `help` and `?` tell its columns."""

    def __init__(self, store: Path, name: str) -> None:
        super().__init__(store, f"FROM {name}")
        header = [line.removeprefix("-- ") for line in statement(name).splitlines() if line.startswith("--")]
        self.__doc__ = "\n".join([f"{name}: {VIEWS[name]}.", "", *header])


class Store:
    """What `piesweep run` or `piesweep ingest` committed: its views are attributes, `sql` answers any other question.

    Nothing is ever changed in it. `dir(store)` lists the views, `store.pie_rate?` says what one holds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def sql(self, query: str) -> Rows:
        """The answer to one SELECT over the views. QueryError for SQL that is wrong, or more than a question."""
        rows = Rows(self.path, query)
        with rows._relation():
            return rows

    def __getattr__(self, name: str) -> View:
        if name not in VIEWS:
            raise AttributeError(f"a store has no view '{name}'{suggestion(name, VIEWS)}; views: {', '.join(VIEWS)}")
        return View(self.path, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *VIEWS})

    def __repr__(self) -> str:
        return f"piesweep.open({str(self.path)!r})"
