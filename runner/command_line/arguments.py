"""Arguments and options that several verbs have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runner.store.files.place import place

StoreArgument = Annotated[
    Path, typer.Argument(metavar="STORE", parser=place, help="The folder or URL that `piesweep run --store` wrote.")
]
StoreFolder = Annotated[Path, typer.Argument(metavar="DIR", parser=place, help="The store's folder or URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
