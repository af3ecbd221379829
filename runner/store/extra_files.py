"""Files of what trials keep beside their rows (`runner.extras`): written once, named by the commit record."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from runner.extras import EXTRAS, Gathered
from runner.store.errors import StoreError
from runner.store.extra_record import ExtraFile
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.rows import DAMAGE_REMEDY, damage_of
from runner.store.schema import CommitRecord


def write_extras(root: Path, trial_id: str, attempt: str, extras: Mapping[str, Gathered]) -> tuple[ExtraFile, ...]:
    """Write an attempt's extras under names that no other attempt has, and force them to disk."""
    found = []
    for name, gathered in sorted(extras.items()):
        path = Layout(root).extras / f"{trial_id}.{attempt}.{name}.{EXTRAS[name].ending}"
        with storage(path).new_file(path) as file:
            file.write(gathered.payload)
        found.append(
            ExtraFile(
                name=name,
                path=path.relative_to(root).as_posix(),
                bytes=len(gathered.payload),
                sha256=hashlib.sha256(gathered.payload).hexdigest(),
                content=gathered.content,
            )
        )
    return tuple(found)


def read_extra(root: Path, record: CommitRecord, name: str) -> bytes:
    """The bytes of one extra of a trial; StoreError if it has none of this name, or not the recorded bytes."""
    file = next((file for file in record.extras if file.name == name), None)
    if file is None:
        raise StoreError(
            f"trial {record.trial_id} has kept no {name}; trials of a study with record: {{{name}: true}} do"
        )
    try:
        content = storage(root).read(root / file.path, max(file.bytes, 1))
    except FileNotFoundError:
        raise StoreError(f"{root / file.path} is missing; {DAMAGE_REMEDY}") from None
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise StoreError(f"{root / file.path} differs from its recorded checksum; {DAMAGE_REMEDY}")
    return content


def extra_damage(root: Path, record: CommitRecord) -> Iterator[str]:
    """What is wrong with the extras of a trial: a sentence each."""
    asked = sorted(record.settings.get("record", {}).get("extras", ()))
    named = [file.name for file in record.extras]
    if record.origin == "trial" and named != asked:
        yield (
            f"trial {record.trial_id} was to keep {', '.join(asked) or 'nothing'} beside its rows, and its record "
            f"names {', '.join(named) or 'nothing'}"
        )
    for file in record.extras:
        path = root / file.path
        if owner_of(path) != (record.trial_id, record.attempt):
            yield f"{file.path} of trial {record.trial_id} is named for another attempt"
        elif damage := damage_of(root, file):
            yield f"{file.path} of trial {record.trial_id} {damage}"


def require_extras(root: Path, record: CommitRecord) -> None:
    """StoreError if an extra of a trial is not what was written."""
    for sentence in extra_damage(root, record):
        raise StoreError(f"{sentence}; {DAMAGE_REMEDY}")


def copy_extras(source: Path, record: CommitRecord, root: Path) -> None:
    """Bring the extras of a trial of another store here; one that is here already stays."""
    for file in record.extras:
        content, path = read_extra(source, record, file.name), root / file.path
        if not storage(path).create(path, content) and storage(path).read(path, len(content) + 1) != content:
            storage(path).replace(path, content)  # what an earlier merge left unfinished


def extra_paths(layout: Layout) -> list[Path]:
    """Every file of an extra that lies in the store, whoever left it."""
    return sorted(path for path in layout.extras.iterdir() if owner_of(path)) if layout.extras.is_dir() else []


def owner_of(path: Path) -> tuple[str, str] | None:
    """Trial and attempt that a file of an extra is named for; None for another name."""
    parts = path.name.split(".")
    return (parts[0], parts[1]) if len(parts) == 4 and parts[0] else None


def discard_extras(root: Path, extras: tuple[ExtraFile, ...]) -> None:
    """Remove what an attempt wrote that does not count; what cannot be removed stays for `runner.store.leftovers`."""
    for file in extras:
        with contextlib.suppress(OSError):
            storage(root).discard(root / file.path)
