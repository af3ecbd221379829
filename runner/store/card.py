"""The card of a store, `store.json`: its layout, and what it must have: compacted records, plans and tasks.

Without a generation's file all its trials would seem never to have been, and without a plan's all that it planned; the
card is what notices.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

from runner.store.compaction import compacted
from runner.store.errors import StoreError
from runner.store.files.contract import json_files
from runner.store.files.storage import storage
from runner.store.layout import LAYOUT, Layout
from runner.store.schema import Compacted, StoreCard
from runner.store.sealing import read_record, sealed, unsealed

REMEDY = ", after piesweep verify --repair"
LOOKS, LOOK_SECONDS = 3, 1.0
"""How often, and after how long, a folder that lacks a generation is listed again: a file server may be late."""


class NewerLayout(StoreError):
    """A store that a later version of piesweep laid out, in a way that this one does not know."""


def read_card(root: Path) -> StoreCard | None:
    """The card; None where there is none, as in stores of early versions. StoreError for a damaged or newer one."""
    path = Layout(root).card
    try:
        content = storage(path).read(path)
    except FileNotFoundError:
        return None
    _refuse_newer(root, content)
    return read_record(StoreCard, content, path, "the card")


def _refuse_newer(root: Path, content: bytes) -> None:
    """NewerLayout if a card is that of a layout which this version does not know."""
    found = None
    with contextlib.suppress(ValueError, RecursionError):
        card = json.loads(unsealed(content, f"the card {Layout(root).card}"))
        found = card.get("layout") if isinstance(card, dict) else None
    if isinstance(found, int) and found > LAYOUT:
        raise NewerLayout(
            f"the store at {root} has layout {found!r}, this version of piesweep knows layouts up to {LAYOUT}; "
            "use the version that wrote it, or a later one"
        )


def write_down(layout: Layout, *, forget: bool = False) -> None:
    """Name in the card what there is, before anything is removed that only it still holds.

    A card is made where there is none, and left as it is where it says so already. forget: what is not there any more
    is not to be missed from now on.
    """
    while True:
        held = None if forget and not layout.card.exists() else read_card(layout.root)
        card = held or StoreCard(layout=LAYOUT)
        before = StoreCard(layout=LAYOUT) if forget else card
        current = StoreCard(
            layout=card.layout,
            compacted=compacted.latest(layout).described,
            plans=tuple(sorted({*before.plans, *_names(layout.plans)})),
            tasks=tuple(sorted({*before.tasks, *_names(layout.tasks)})),
        )
        if held == current:
            return
        storage(layout.root).replace(layout.card, sealed(current.model_dump_json(exclude_defaults=True).encode()))
        # Another process may have gone further meanwhile, and what it noted been overwritten: look again.


def require_whole(root: Path) -> None:
    """StoreError for folders that are links, a newer layout, or what the card names and is lost or damaged."""
    layout = Layout(root)
    for folder in layout.folders:
        storage(folder).require_own(folder)
    card = read_card(root)
    if card is None:
        return
    for missing in lost_papers(layout, card):
        raise StoreError(missing)
    if card.compacted is None:
        return
    said, current = card.compacted, compacted.latest(layout)
    for _ in range(LOOKS):
        if current.number >= said.generation:
            break
        time.sleep(LOOK_SECONDS)
        current = compacted.latest(layout)
    else:
        raise StoreError(lost(root, said))
    if current.number == said.generation and current.sha256 != said.sha256:
        raise StoreError(f"the compacted commit records {current.path} are not what was written; {compacted.REMEDY}")


def lost_papers(layout: Layout, card: StoreCard) -> Iterator[str]:
    """One sentence for each plan and task that the card names and that is not there."""
    for folder, names, what in ((layout.plans, card.plans, "plan"), (layout.tasks, card.tasks, "task card")):
        for name in sorted(set(names) - _names(folder)):
            yield f"the {what} {folder / name}.json is missing; restore it, or run its study again{REMEDY}"


def _names(folder: Path) -> set[str]:
    """Names of the JSON files of a folder, without the ending."""
    return {path.stem for path in json_files(folder)}


def lost(root: Path, said: Compacted) -> str:
    """What is said of a generation that is not there."""
    return (
        f"the compacted commit records of generation {said.generation} ({said.trials:,} trials) are missing in "
        f"{Layout(root).compacted}; {compacted.REMEDY}"
    )
