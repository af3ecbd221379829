"""The card of a store, `store.json`: its layout, and the last generation of compacted records that it must have.

Without a generation's file all its trials would seem never to have been; the card is what notices.
"""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path

from runner.store import compacted
from runner.store.files import StoreError, create, read, replace, require_own
from runner.store.layout import LAYOUT, Layout
from runner.store.schema import Compacted, StoreCard
from runner.store.sealing import read_record, sealed, unsealed

LOOKS, LOOK_SECONDS = 3, 1.0
"""How often, and after how long, a folder that lacks a generation is listed again: a file server may be late."""


class NewerLayout(StoreError):
    """A store that a later version of piesweep laid out, in a way that this one does not know."""


def read_card(root: Path) -> StoreCard | None:
    """The card; None where there is none, as in stores of early versions. StoreError for a damaged or newer one."""
    path = Layout(root).card
    try:
        content = read(path)
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


def make_card(root: Path) -> None:
    """Write the card of a new store; nothing happens where there is one."""
    create(Layout(root).card, _text(StoreCard(layout=LAYOUT)))


def write_down(layout: Layout) -> None:
    """Name the generation that counts in the card, before anything is removed that only it still holds."""
    while True:
        current = compacted.latest(layout)
        card = read_card(layout.root) or StoreCard(layout=LAYOUT)
        if current.described is None or card.compacted == current.described:
            return
        replace(layout.card, _text(card.model_copy(update={"compacted": current.described})))
        # Another compaction may have gone further meanwhile, and its number been overwritten: look again.


def require_whole(root: Path) -> None:
    """StoreError for folders that are links, a newer layout, or compacted records that are lost or damaged."""
    layout = Layout(root)
    for folder in layout.folders:
        require_own(folder)
    card = read_card(root)
    if card is None or card.compacted is None:
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


def lost(root: Path, said: Compacted) -> str:
    """What is said of a generation that is not there."""
    return (
        f"the compacted commit records of generation {said.generation} ({said.trials:,} trials) are missing in "
        f"{Layout(root).compacted}; {compacted.REMEDY}"
    )


def _text(card: StoreCard) -> bytes:
    return sealed(card.model_dump_json(exclude_defaults=True).encode())
