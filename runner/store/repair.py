"""Setting aside what is damaged in a store, so that what is left is sound and `run` makes the rest anew.

Nothing is deleted: what is set aside lies in damaged/<time>/, in folders of the names it came from, until the user
removes it. A trial whose rows cannot be believed is voided: its record no longer counts, and the next run of its study
trains it again, bit for bit where the hardware is the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from runner.store.card import write_down
from runner.store.compaction import compacted
from runner.store.compaction.compact import publish
from runner.store.compaction.compacted import Generation
from runner.store.compaction.kept_votes import is_intact
from runner.store.compaction.sharing import Source
from runner.store.errors import StoreError
from runner.store.extra_files import extra_damage
from runner.store.files.storage import storage
from runner.store.findings import Finding
from runner.store.layout import Layout
from runner.store.rows import rows_hash
from runner.store.session import Session, hold
from runner.store.survey import VOIDED, Survey, survey
from runner.store.trial_rows import TrialRows
from runner.store.verify import findings

ROUNDS = 3
"""A file that cannot be read may hide what is wrong with another; few stores need more than two."""


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """What a repair did: trials voided, files set aside and where, and what it could not mend, one sentence each."""

    voided: tuple[str, ...]
    set_aside: tuple[str, ...]
    folder: Path
    left: tuple[str, ...]


def repair(root: Path) -> Repaired:
    """Set aside what is damaged and void what rests on it; a sound store is left as it is.

    StoreHeld while a driver is at work on the store.
    """
    layout = Layout(root)
    folder = layout.damaged / datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    voided: set[str] = set()
    aside: list[str] = []
    with hold(root) as session:
        for _ in range(ROUNDS):
            broken = [one for one in findings(root) if not one.is_remark]
            if not broken:
                break
            lost, gone = _repair_once(layout, folder, broken)
            _void(session, lost | {name for one in broken for name in one.missing})
            voided |= lost
            aside += gone
        left = [one.sentence for one in findings(root) if not one.is_remark]
    return Repaired(voided=tuple(sorted(voided)), set_aside=tuple(aside), folder=folder, left=tuple(left))


def _repair_once(layout: Layout, folder: Path, broken: list[Finding]) -> tuple[set[str], list[str]]:
    """Void and set aside what these findings name; ids of the trials and names of the files that went."""
    seen = survey(layout.root)
    doubtful = _with_sharers(seen, {name for one in broken for name in one.trials} & seen.records.keys())
    files = {path for one in broken for path in one.files}
    salvaged = _salvaged(seen, doubtful)
    lost = doubtful - {source.record.trial_id for source in salvaged}
    # First of all, since a damaged generation must not be the one that counts when the next one is made.
    gone = _set_aside(layout, folder, [path for path in files if path.parent == layout.compacted])
    if gone or doubtful & seen.folded.keys() or seen.has_lost_generation:
        _publish_without(layout, seen, doubtful, salvaged)
    records = [layout.commit(name) for name in lost & seen.loose.keys()]
    rows = [layout.root / file.path for name in doubtful for file in seen.records[name].files]
    extras = [layout.root / file.path for name in lost for file in seen.records[name].extras]
    gone += _set_aside(layout, folder, [*files, *records, *rows, *extras])
    write_down(layout, forget=True)
    current = compacted.latest(layout)
    if current.votes is not None and not is_intact(layout.root, current.votes):
        publish(layout.root, current, [])  # counts the votes again
        write_down(layout)
    return lost, gone


def _with_sharers(seen: Survey, doubtful: set[str]) -> set[str]:
    """With the trials whose rows lie in one file with theirs, since that file is set aside."""
    shared = {seen.folded[name].files[0].path for name in doubtful & seen.folded.keys()}
    return doubtful | {name for name, record in seen.folded.items() if record.files[0].path in shared}


def _salvaged(seen: Survey, doubtful: set[str]) -> list[Source]:
    """The doubtful trials of shared files whose own rows and extras are whole, though others' in the file are not."""
    rows = TrialRows(seen.root, check=False)
    whole = []
    for name in sorted(doubtful & seen.folded.keys()):
        record = seen.folded[name]
        with contextlib.suppress(pa.ArrowException, OSError, StoreError, KeyError, ValueError):
            is_kept = not any(extra_damage(seen.root, record))
            if is_kept and rows_hash(rows.read(record)) == record.rows_sha256:
                whole.append(Source(record, rows))
    return whole


def _publish_without(layout: Layout, seen: Survey, doubtful: set[str], salvaged: list[Source]) -> None:
    """Make a generation of the records that still count, numbered beyond every one that ever was."""
    kept = [record for name, record in seen.folded.items() if name not in doubtful]
    base = Generation(seen.last_number, compacted.table_of(kept), seen.generation.votes)
    if not publish(layout.root, base, salvaged):
        raise StoreError(f"a compaction of {layout.root} was faster; wait until it has finished and repair again")


def _set_aside(layout: Layout, folder: Path, paths: Iterable[Path]) -> list[str]:
    """Move files, and links themselves, out of the way; the names of those that were there."""
    gone = []
    for path in sorted(set(paths)):
        name = path.relative_to(layout.root)
        with contextlib.suppress(FileNotFoundError):
            storage(path).move(path, folder / name)
            gone.append(name.as_posix())
    return gone


def _void(session: Session, trial_ids: Iterable[str]) -> None:
    """Say in the log that these trials are to be trained again, so that nobody misses their records."""
    for trial_id in sorted(trial_ids):
        session.event(VOIDED, trial_id)
