"""The verbs that tend a store: fewer files, two stores into one, checkpoints nobody needs, a copy for others."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from runner.command_line.arguments import AsJson, StoreFolder
from runner.command_line.output import bytes_text
from runner.store.files.place import place


def compact(store: StoreFolder, as_json: AsJson = False) -> None:
    """Put the rows of many trials into one file, and their commit records into one table; the digest stays.

    May run while trials commit and others read, be interrupted at any point, and be repeated.
    """
    from runner.store.compaction.compact import compact as fold

    done = fold(store)
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    typer.echo(
        f"{store}: {done.trials:,} trials compacted; {done.files_before:,} files of {bytes_text(done.bytes_before)} "
        f"became {done.files_after:,} of {bytes_text(done.bytes_after)}"
    )


def merge(
    sources: Annotated[list[Path], typer.Argument(parser=place, metavar="SOURCE...", help="Stores of one study.")],
    *,
    into: Annotated[Path, typer.Option(parser=place, help="The store that gets them all; made if it does not exist.")],
    as_json: AsJson = False,
) -> None:
    """Unite stores of one study, filled on several clusters. Sources are left as they are.

    Stores that contradict each other (other rows for a trial, other data for a task) are refused: each conflict is
    named, nothing is written, exit code 2.
    """
    from runner.store.merge import merge as unite

    done = unite(into, sources)
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        typer.echo(f"{into}: {done.added:,} trials came in, {done.unchanged:,} were there already")


def prune_checkpoints(
    store: StoreFolder,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove the checkpoints that no missing trial needs. Refused while a driver is at work on the store."""
    from runner.store.prune import prune_checkpoints as prune

    done = prune(store, dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps({**asdict(done), "dry_run": dry_run}))
        return
    verb = "would be removed" if dry_run else "removed"
    typer.echo(
        f"{store}: checkpoints of {done.removed:,} trials {verb} ({bytes_text(done.removed_bytes)}), of {done.kept:,} "
        f"kept ({bytes_text(done.kept_bytes)})"
    )


def export(
    store: StoreFolder,
    *,
    out: Annotated[Path, typer.Option(help="The folder to write; must not exist yet.")],
    texts: Annotated[
        bool, typer.Option("--texts/--no-texts", help="Whether examples keep what the networks read.")
    ] = True,
    along: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK", help="Take this task along, though its licence forbids to pass its data on."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a store as Parquet with a dataset card, as the Hugging Face `datasets` library loads it."""
    from analysis.export import export as write
    from analysis.relations.stopping import ends_at_once

    with ends_at_once():
        done = write(store, out, texts=texts, along=along or ())
    if as_json:
        typer.echo(json.dumps({"folder": str(done.folder), "rows": done.rows, "left_out": done.left_out}))
        return
    if done.left_out:
        names = ", ".join(done.left_out)
        typer.echo(f"left out, since the licence forbids to pass it on: {names} (--along TASK takes it along)")
    rows = ", ".join(f"{count:,} {name}" for name, count in done.rows.items())
    typer.echo(f'{out}: {rows}; datasets.load_dataset("{out}", "predictions") loads them')
