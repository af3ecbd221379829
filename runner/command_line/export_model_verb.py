"""`piesweep export-model`: the network that a trial kept, as a folder for others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from runner.command_line.arguments import AsJson, StoreArgument
from runner.command_line.output import bytes_text, say

TrialArgument = Annotated[str, typer.Argument(metavar="TRIAL", help="A trial's id, or how it begins.")]


def export_model(
    store: StoreArgument,
    trial: TrialArgument,
    *,
    out: Annotated[Path, typer.Option(help="The folder to write; must not exist yet.")],
    output_format: Annotated[
        Literal["dense", "sparse-int8"],
        typer.Option("--format", help="Weights with zeros, or rounded to INT8 with sparse rows."),
    ] = "dense",
    as_json: AsJson = False,
) -> None:
    """Write the network that a trial kept: weights, configuration, tokenizer, and a card.

    transformers loads it where it has a class that gives the same logits; piesweep.load_model loads any. Trials keep
    their networks in studies with `record: {model: true}`.
    """
    from runner.export.model_folder import export_model as write

    done = write(store, trial, out, output_format)
    loaded_by = done.loaded_by.replace("DIR", str(out))
    if as_json:
        typer.echo(json.dumps({"folder": str(done.folder), "bytes": done.bytes, "loaded_by": loaded_by}))
    else:
        say(f"{out}: {bytes_text(done.bytes)}; {loaded_by} loads it")
