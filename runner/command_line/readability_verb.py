"""`piesweep readability`: how hard a store's texts are to read, computed once and kept in the store."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from runner.command_line.output import say
from runner.printable import printable
from runner.store.files.place import place

LINE_SECONDS = 15.0
"""Between two lines of a log; on a terminal there is a bar."""

Told = Callable[[str, int, int], None]


class SplitName(StrEnum):
    """What `--split` takes; a class, since Typer takes no list of Literal."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def readability(
    store: Annotated[Path, typer.Argument(metavar="DIR", parser=place, help="The store's folder or URL.")],
    *,
    split: Annotated[
        list[SplitName] | None,
        typer.Option(help="Score the texts of this split alone; may be repeated. All splits if left out."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes at work; 0 for as many as pay on this machine.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Score how hard every text of a store is to read: seven scores of textstat, and the length in tokens.

    Each text once: what is kept in the store already is left as it is. `piesweep report` does this for the test split.
    """
    from analysis.readability import ensure_scores

    began = time.monotonic()
    with shown() as told:
        texts = ensure_scores(store, told, splits=[one.value for one in split or SplitName], jobs=jobs)
    seconds = time.monotonic() - began
    if as_json:
        typer.echo(json.dumps({"scored": texts, "seconds": round(seconds, 3)}))
    else:
        how = f" in {seconds:.0f} s" if texts else ": the store has the scores already, or no texts"
        typer.echo(f"{store}: {texts:,} texts scored{how}")


def scored_for_report(store: Path) -> None:
    """Score the texts that a report needs; where that cannot be, say why: the report goes without readability."""
    from analysis.readability import ReadabilityError, ensure_scores

    try:
        with shown() as told:
            ensure_scores(store, told)
    except (ReadabilityError, OSError) as error:
        say(f"piesweep: the report goes without readability: {error}", err=True)


@contextmanager
def shown() -> Iterator[Told]:
    """What tells people how far the scoring is: a bar on a terminal, lines in a log; on standard error."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress, TaskID

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(lambda line: say(line, err=True))
        return
    with Progress(console=console, transient=True) as bars:
        rows: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in rows:
                rows[what] = bars.add_task(escape(printable(f"readability of {what}")), total=total)
            bars.update(rows[what], completed=done)

        yield told


def _lines(write: Callable[[str], None]) -> Told:
    """Lines at the start, at the end, and in between every LINE_SECONDS."""
    last = 0.0

    def told(what: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done in (0, total) or now - last >= LINE_SECONDS:
            last = now
            write(f"readability of {what}: {done:,} of {total:,} texts")

    return told
