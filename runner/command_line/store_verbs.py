"""The verbs that read a store, and `ingest`, which fills one from predictions made elsewhere."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from runner.command_line.arguments import AsJson, StoreFolder
from runner.printable import printable


def status(
    store: StoreFolder,
    as_json: AsJson = False,
    only_progress: Annotated[
        bool,
        typer.Option("--progress", help="For scripts: a word that changes as trials come further; how many are left."),
    ] = False,
) -> None:
    """How far a store's studies are: trials planned, committed, running and failed."""
    from runner.store.events import events_of
    from runner.store.reader import failures
    from runner.store.status import progress
    from runner.store.status import status as count

    if only_progress:
        typer.echo(progress(store))
        return
    counts = asdict(count(store))
    if as_json:
        typer.echo(json.dumps(counts))
        return
    typer.echo(", ".join(f"{number} {name}" for name, number in counts.items()))
    for trial_id, failure in failures(store).items():
        last = next(reversed(failure["traceback"].strip().split("\n")))
        typer.echo(printable(f"failed {trial_id} after {failure['attempts']} attempts: {last}"))
    for event in events_of(store, "restore-failed"):
        typer.echo(printable(f"restore failed {event['trial_id']} at {event['time']}: {event['message']}"))


def digest(store: StoreFolder) -> None:
    """One hash over all committed rows and ids; equal stores have equal digests, however they were made."""
    from runner.store.digest import digest as hashed
    from runner.store.reader import open_store

    open_store(store)
    typer.echo(hashed(store))


def ingest(
    store: StoreFolder,
    *,
    predictions: Annotated[Path, typer.Option(help="Parquet, CSV, TSV or JSONL: one row a trial and example.")],
    examples: Annotated[Path, typer.Option(help="Parquet, CSV, TSV or JSONL: one row an example.")],
    allow_unequal_seeds: Annotated[
        bool, typer.Option(help="Take pruned cells whose number of seeds is not their dense cell's.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take in predictions made elsewhere, so that they get the same analysis.

    predictions: task, model, method ('dense' for unpruned), sparsity, seed, split, example_id, and label, labels (a
    list), value (a number), tags (a list, one for each word), span (two characters of text_pair) or
    answer (a text).
    examples: task, split, example_id, label, labels, gold_value, words and gold_tags, text_pair and gold_spans, or
    gold_texts, text (optional). Ids are whole numbers of any size: where those of a split do not run from 0 without a
    gap, examples are numbered in their order, and source_id keeps yours.
    """
    from runner.store.ingest import ingest as take_in

    done = take_in(store, predictions, examples, allow_unequal_seeds=allow_unequal_seeds)
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        typer.echo(
            f"{store}: {done.committed} trials committed, {done.unchanged} were there already, {done.rows} rows read"
        )
