"""Few files instead of two a trial: rows of many trials into one file, their commit records into one table.

The steps, after each of which the store is whole:

1. Write the rows of uncompacted trials (and of shared files that are still small) into new shared files, named for the
   generation to come. Nobody sees them.
2. Read them back: every trial must have the hash that it committed.
3. Count the votes of cells that have changed, and keep them with those of all other cells in a file of their own.
4. Create the next generation of compacted records, which names these files. This one step makes them visible; of two
   compactions at once, one succeeds.
5. Sweep: remove the records and files of which the generation that counts has no need. Readers who still want one
   find the rows at their new place (`TrialRows`, and `analysis.relations.committed_files` for SQL).

A trial that commits meanwhile stays uncompacted until the next time. A late writer of a compacted trial may create a
record, since the name is free again: readers never see it (`runner.store.compaction.compacted`), and the next sweep
removes it.
"""

from __future__ import annotations

import contextlib
import itertools
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from runner.store.card import write_down
from runner.store.compaction import compacted
from runner.store.compaction.compacted import Generation
from runner.store.compaction.kept_votes import is_intact, keep_votes
from runner.store.compaction.sharing import Source, write_shared
from runner.store.errors import StoreError
from runner.store.extra_files import extra_paths, owner_of
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.reader import loose_commits, open_store
from runner.store.rows import described, in_memory, rows_hash
from runner.store.schema import CommitRecord
from runner.store.trial_rows import TrialRows, coordinates, in_file_order
from tasks.kinds import KINDS

FEWEST_TRIALS, WANTED_TRIALS = 100, 200
"""In a shared file: with fewer it is written anew together with what is added, with so many it is full."""
TRIES = 10
COMPACTED, MERGED = "compacted-", "merged-"
"""How names of shared data files begin: of trials of this store, and of trials that came from others."""


@dataclass(frozen=True, kw_only=True)
class Compaction:
    """What a compaction did: trials whose rows moved, and files and bytes before and after."""

    trials: int
    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int


def compact(root: Path) -> Compaction:
    """Fold what has committed into shared files; the store's digest stays. A compacted store is left as it is.

    StoreError if a trial's rows are lost or are not those it committed; nothing is changed then.
    """
    layout = open_store(root)
    before = _size(layout)
    rows = TrialRows(root)
    for _ in range(TRIES):
        base = compacted.latest(layout)
        known = base.trial_ids
        loose = [record for name, record in loose_commits(root).items() if name not in known]
        additions = [Source(record, rows) for record in loose]
        if (not additions and _has_all_votes(root, base)) or publish(root, base, additions):
            sweep(layout)
            after = _size(layout)
            return Compaction(
                trials=len(additions),
                files_before=before[0],
                files_after=after[0],
                bytes_before=before[1],
                bytes_after=after[1],
            )
    raise StoreError(f"other compactions of {root} were always faster; wait until they have finished and try again")


def publish(root: Path, base: Generation, additions: Iterable[Source], *, foreign: bool = False) -> bool:
    """Make the generation after `base`, which has these trials too; False if another compaction made one first.

    foreign: the trials come from other stores, and no record here names them before.
    """
    layout = Layout(root)
    added = list(additions)
    number = base.number + 1
    records = base.records
    rows = TrialRows(root)
    small = [Source(record, rows) for record in _in_small_files(records)]
    written: list[Path] = []
    try:
        for sources in chunks([*added, *small]):
            path = layout.data / f"{MERGED if foreign else COMPACTED}{number:08}.{uuid.uuid4().hex[:12]}.parquet"
            written.append(path)
            records |= {record.trial_id: record for record in _write(root, path, sources)}
        votes = keep_votes(root, number, records.values(), base.votes)
        if votes != base.votes:
            written.append(root / votes.file.path)
        if compacted.publish(layout, base, records.values(), votes):
            written.clear()
            # A compaction that slept may have made a generation that others have long passed by.
            return {source.record.trial_id for source in added} <= compacted.folded_ids(layout)
    except FileNotFoundError as error:
        if compacted.latest(layout).number == base.number:
            raise StoreError(
                f"a file that a commit of {root} names is missing ({error}); run piesweep verify"
            ) from error
    except pa.ArrowException as error:
        raise StoreError(f"a file of {root} is damaged ({error}); nothing is compacted, run piesweep verify") from error
    finally:
        for path in written:
            storage(path).discard(path)
    return False


def chunks(sources: Iterable[Source]) -> list[list[Source]]:
    """Trials by the file that they will share: whole cells, at least FEWEST_TRIALS to a file where there are as many.

    Answers of different kinds are kept apart, and so are trials with and without probabilities.
    """
    result: list[list[Source]] = []
    shapes: dict[tuple[int, bool], list[Source]] = {}
    answers = [kind.answer for kind in KINDS.values()]
    for source in sources:
        columns = source.columns
        place = next(number for number, answer in enumerate(answers) if answer in columns)
        shapes.setdefault((place, "probabilities" in columns), []).append(source)
    for _, alike in sorted(shapes.items()):
        alike.sort(key=lambda source: coordinates(source.record))
        files: list[list[Source]] = [[]]
        for _, cell in itertools.groupby(alike, key=lambda source: coordinates(source.record)[:4]):
            if len(files[-1]) >= WANTED_TRIALS:
                files.append([])
            files[-1].extend(cell)
        if len(files) > 1 and len(files[-1]) < FEWEST_TRIALS:
            files[-2].extend(files.pop())
        result.extend(files)
    return result


def _has_all_votes(root: Path, base: Generation) -> bool:
    """True if nothing is to be counted: no trials, or the votes of all cells are kept and whole."""
    if base.votes is None:
        return base.number == 0
    return is_intact(root, base.votes)


def sweep(layout: Layout) -> None:
    """Remove what the generation that counts has replaced, whoever left it: interrupted compactions, late writers.

    Safe at any moment: a folded trial stays folded, and what a compaction still at work has written bears a higher
    number. The generation before is kept, for readers who have just listed the folder; and so is a shared file with
    rows of a trial that no record names, since a generation that is lost may have named it; what a merge wrote is
    still where it came from.
    """
    write_down(layout)
    current = compacted.latest(layout)
    known = current.trial_ids
    needed = {file.path for record in current.records.values() for file in record.files}
    needed |= {current.votes.file.path} if current.votes else set()
    for path in _files(layout.commits):
        if path.name.removesuffix(".json") in known:
            storage(path).discard(path)
    for path in _files(layout.data):
        number = generation_of(path)
        if number is None:
            replaced = path.name.rpartition(".")[0].rpartition(".")[0] in known
        else:
            is_needed = path.relative_to(layout.root).as_posix() in needed
            is_spare = path.name.startswith(MERGED) or owners_of(path) <= known
            replaced = number <= current.number and not is_needed and is_spare
        if replaced:
            storage(path).discard(path)
    _sweep_extras(layout, current)
    for path in _files(layout.votes):
        made = path.name.partition(".")[0]
        if made.isdecimal() and int(made) <= current.number and path.relative_to(layout.root).as_posix() not in needed:
            storage(path).discard(path)
    for number, path in compacted.generations(layout).items():
        if number < current.number - 1:
            storage(path).discard(path)


def _sweep_extras(layout: Layout, current: Generation) -> None:
    """Remove what late writers have kept for trials that are folded."""
    there = extra_paths(layout)
    needed = {file.path for record in current.records.values() for file in record.extras} if there else set()
    for path in there:
        owner = owner_of(path)
        if owner and owner[0] in current.trial_ids and path.relative_to(layout.root).as_posix() not in needed:
            storage(path).discard(path)


def owners_of(path: Path) -> set[str]:
    """Ids of the trials whose rows a shared file holds; none where it was never finished, "" where it is damaged."""
    try:
        content = storage(path).read(path, 1 << 40)
        file = pq.ParquetFile(in_memory(content))
        return set(file.read(["trial_id"], use_threads=False)["trial_id"].unique().to_pylist())
    except FileNotFoundError:
        return set()
    except StoreError:
        return {""}
    except (pa.ArrowException, OSError, KeyError):
        return {""} if content.endswith(b"PAR1") else set()


def generation_of(path: Path) -> int | None:
    """The generation for which a shared data file was written; None for the file of one trial."""
    number = path.name.partition(".")[0].removeprefix(COMPACTED).removeprefix(MERGED)
    return int(number) if number.isdecimal() and path.name.startswith((COMPACTED, MERGED)) else None


def _write(root: Path, path: Path, sources: list[Source]) -> list[CommitRecord]:
    """Write one shared file and read it back; the records of its trials, which name it."""
    with storage(path).new_file(path) as sink:
        write_shared(sink, sources)
    file = described(path, root, sum(sum(source.record.rows.values()) for source in sources))
    records = [
        source.record.model_copy(update={"files": (file.model_copy(update={"columns": source.columns}),)})
        for source in sources
    ]
    rows = TrialRows(root)
    for record in in_file_order(records):
        if rows_hash(rows.read(record)) != record.rows_sha256:
            raise StoreError(
                f"the rows of trial {record.trial_id} are not the ones it committed, so nothing is compacted; run "
                "piesweep verify"
            )
    return records


def _in_small_files(records: Mapping[str, CommitRecord]) -> list[CommitRecord]:
    by_file: dict[str, list[CommitRecord]] = {}
    for record in records.values():
        by_file.setdefault(record.files[0].path, []).append(record)
    return [record for members in by_file.values() if len(members) < FEWEST_TRIALS for record in members]


def _size(layout: Layout) -> tuple[int, int]:
    """Files and bytes of rows, votes and commit records."""
    sizes = []
    for folder in (layout.data, layout.commits, layout.compacted, layout.votes):
        for path in _files(folder):
            with contextlib.suppress(FileNotFoundError):  # trials commit meanwhile, and others compact
                sizes.append(path.stat().st_size)
    return len(sizes), sum(sizes)


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
