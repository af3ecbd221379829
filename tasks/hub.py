"""Data sets through the `datasets` library: by name, from a folder it saved, or from a folder it can read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.base import TaskError

SAVED = ("dataset_dict.json", "state.json")


def is_saved(folder: Path) -> bool:
    """True for a folder written by `save_to_disk`."""
    return any((folder / name).is_file() for name in SAVED)


def load_splits(name: str, config: str | None = None) -> Mapping[str, Any]:
    """The splits of a data set as `datasets.Dataset` objects, by their name.

    name: of a data set on the hub, or a folder. Nothing of a data set is executed: `datasets` reads Parquet, Arrow,
    CSV and JSON only. Raises TaskError if it cannot be found, reached or read.
    """
    import datasets

    datasets.disable_progress_bars()
    try:
        if is_saved(Path(name)):
            loaded = datasets.load_from_disk(name)
        elif Path(name).exists():
            # Its cache knows a folder by its last name alone, and would give what another of that name once held.
            loaded = datasets.load_dataset(name, config, download_mode="force_redownload")
        else:
            loaded = datasets.load_dataset(name, config)
    except Exception as error:  # the library and its back ends raise types of many packages
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise TaskError(
            f"the data set '{name}'{f' ({config})' if config else ''} could not be loaded: {reason}\n"
            "Check the name and config, load it once on a machine with a connection (then set HF_HUB_OFFLINE=1), "
            "or give the folder of your own copy"
        ) from error
    return {"train": loaded} if isinstance(loaded, datasets.Dataset) else dict(loaded)


def arrow_table(split: Any) -> pa.Table:
    """The rows of a `datasets.Dataset` as an Arrow table, in its order."""
    table = split.with_format("arrow")[:]
    return pa.table(table) if not isinstance(table, pa.Table) else table


def declared_classes(split: Any, column: str) -> tuple[str, ...] | None:
    """The class names that the data set declares for an integer column (or a list of them), in index order."""
    feature = split.features[column]
    feature = getattr(feature, "feature", feature)
    names = getattr(feature, "names", None)
    return tuple(names) if names else None
