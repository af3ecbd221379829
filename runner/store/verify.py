"""The invariants of a store, checked against its bytes."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from runner.spec import TrialSpec
from runner.store import efficiency, readability
from runner.store.compaction import compacted
from runner.store.compaction.compact import MERGED, generation_of, owners_of
from runner.store.compaction.kept_votes import false_votes, is_intact
from runner.store.compaction.votes import cells_of
from runner.store.errors import StoreError
from runner.store.extra_files import extra_damage, extra_paths, owner_of
from runner.store.files.storage import storage
from runner.store.findings import Finding
from runner.store.judgements import false_judgements
from runner.store.layout import Layout
from runner.store.rows import damage_of, rows_hash
from runner.store.schema import CommitRecord
from runner.store.survey import Survey, survey
from runner.store.trial_rows import TrialRows, coordinates, in_file_order
from tasks.kinds import KINDS

SHOWN = 3

Identity = dict[str, dict[str, pa.Array]]


def broken_invariants(root: Path) -> list[str]:
    """One sentence for each invariant that does not hold; empty for a sound store."""
    return [finding.sentence for finding in findings(root) if not finding.is_remark]


def findings(root: Path) -> list[Finding]:
    """Everything that is wrong with a store, whatever is damaged; remarks among it. Empty for a sound store.

    (1) a trial id has at most one committed attempt, and names what it was computed from; (2) the files of a commit
    exist with the recorded size, hash and row counts, what trials keep beside their rows among them; (3) visible rows
    are rows of committed attempts, one file belonging to one trial; (4) (trial, split, example_id) is unique and
    exactly the task's set of ids, labels lie within its classes; (5) a child's parent is committed, with the trained
    state the child began from. That an interrupted store has the digest of an undisturbed one (6) and that a finished
    study changes no byte (7) are checked by running.
    Votes that a compaction has kept are held to (2) and (3): their file is whole, and says what the rows say.
    Kept readability scores and measurements are checked too: each file must be readable, and of the task's examples or
    of the trial of its name. And so is every
    other file: what cannot be read is named, with what a record says must be there and is not.
    """
    layout = Layout(root)
    while True:
        numbers = sorted(compacted.generations(layout))
        # A compaction at work takes away files that were named when we began: then only a second look counts.
        try:
            found = _findings(root)
        except FileNotFoundError:
            if sorted(compacted.generations(layout)) == numbers:
                raise
            continue
        if not found or sorted(compacted.generations(layout)) == numbers:
            return found


def _findings(root: Path) -> list[Finding]:
    seen = survey(root)
    ids = _identities(seen)
    scores = (Finding(sentence, files=(path,)) for path, sentence in readability.damage(root, seen.cards.values(), ids))
    found = [*seen.findings, *_identity(seen), *_rows(seen, ids), *_extras(seen), *_parents(seen)]
    costs = (Finding(sentence, files=(path,)) for path, sentence in efficiency.damage(root))
    found += [*_recordless(seen), *scores, *costs]
    return [*found, *_votes(seen, are_rows_sound=not any(not one.is_remark for one in found))]


def _identity(seen: Survey) -> Iterator[Finding]:
    records = seen.records
    for name, record in records.items():
        if record.origin == "trial" and _named_by_settings(record) != name:
            sentence = f"invariant 1: trial {name} was committed with settings that name another trial"
            yield Finding(sentence, trials=frozenset({name}))
    keys = ("task", "model", "method", "sparsity", "seed")
    # Copies for comparing vendors share everything with the trials they copy but the vendor.
    records_of_cells = [record for record in records.values() if not record.settings.get("canary")]
    cells = collections.Counter(tuple(record.settings[key] for key in keys) for record in records_of_cells)
    for place, count in cells.items():
        if count > 1:
            yield Finding(f"invariant 1: {count} committed trials at {dict(zip(keys, place, strict=True))}")
    planned = seen.planned.keys()
    stray = sorted(name for name, record in records.items() if record.origin == "trial" and name not in planned)
    if stray:
        yield Finding(
            f"invariant 1: {_listed(stray)}: committed, but no study of this store planned it; run its study again"
        )


def _named_by_settings(record: CommitRecord) -> str:
    """The id of the trial that a record's settings describe; nothing where they describe none."""
    try:
        return TrialSpec.from_settings(record.settings).trial_id
    except (KeyError, TypeError, ValueError):
        return ""


def _rows(seen: Survey, identity: Identity) -> Iterator[Finding]:
    sizes = {task: len(card.classes) for task, card in seen.cards.items()}
    rows = TrialRows(seen.root, check=False)  # it is done here
    told: set[str] = set()
    for _, group in itertools.groupby(in_file_order(seen.records.values()), key=lambda record: record.files[0].path):
        members = list(group)
        damage = [Finding(sentence, _ids(members)) for sentence in _damage(seen.root, members)]
        yield from damage
        if damage:
            continue
        for record in members:
            task = record.settings["task"]
            if task not in identity:
                # Said once a task; where its card or examples are damaged that is a finding of its own.
                if task not in told and task not in seen.cards:
                    yield Finding(f"invariant 4: task {task} of trial {record.trial_id} has no examples")
                told.add(task)
                continue
            try:
                found = rows.read(record)
                wrong = list(_content(record, found, identity[task], sizes))
                kind = KINDS[seen.cards[task].kind]
                if not wrong:
                    said = false_judgements(kind, seen.examples[task], found)
                    wrong = [f"invariant 4: trial {record.trial_id} has {one}" for one in said]
            except (pa.ArrowException, StoreError, KeyError, OSError) as error:
                wrong = [
                    f"invariant 2: the rows of trial {record.trial_id} cannot be read: {str(error).splitlines()[0]}"
                ]
            yield from (Finding(sentence, frozenset({record.trial_id})) for sentence in wrong)


def _damage(root: Path, members: list[CommitRecord]) -> Iterator[str]:
    """What is wrong with the file that these trials, and no others, name."""
    file = members[0].files[0]
    names = members[0].trial_id if len(members) == 1 else f"{members[0].trial_id} and {len(members) - 1} others"
    if len(members) > 1 and not all(record.files[0].is_shared for record in members):
        yield f"invariant 3: {file.path} belongs to trials {', '.join(record.trial_id for record in members)}"
    if damage := damage_of(root, file):
        yield f"invariant 2: {file.path} of trial {names} {damage}"
    elif file.rows != sum(sum(record.rows.values()) for record in members):
        yield f"invariant 3: {file.path} has {file.rows} rows, more or fewer than trial {names} committed"


def _extras(seen: Survey) -> Iterator[Finding]:
    """What is wrong with what trials keep beside their rows."""
    for record in seen.records.values():
        for sentence in extra_damage(seen.root, record):
            yield Finding(f"invariant 2: {sentence}", frozenset({record.trial_id}))


def _recordless(seen: Survey) -> Iterator[Finding]:
    """Rows that no record names: of an attempt that has not committed, or of records that are lost."""
    layout, known = Layout(seen.root), seen.records.keys()
    named = {seen.root / file.path for record in seen.records.values() for file in record.files}
    there = sorted(layout.data.iterdir()) if layout.data.is_dir() else []
    for path in (path for path in there if path not in named and storage(path).is_regular(path)):
        number = generation_of(path)
        if number is None:
            owner = path.name.partition(".")[0]
            if path.name.count(".") == 2 and owner not in known:  # trial, attempt, ending
                sentence = f"{path} holds rows of trial {owner}, which no record names: an attempt that never committed"
                yield Finding(sentence, is_remark=True)
        elif strangers := owners_of(path) - known:
            is_merge = path.name.startswith(MERGED)
            sentence = (
                f"invariant 3: {path} holds rows of {len(strangers):,} trials that no record names; "
                f"{'merge again what was being merged' if is_merge else compacted.REMEDY}"
            )
            yield Finding(sentence, files=(path,), is_remark=is_merge)
    for path in extra_paths(layout):
        trial_id, _ = owner_of(path) or ("", "")
        if trial_id not in known:
            sentence = f"{path} is kept for trial {trial_id}, which no record names: an attempt that never committed"
            yield Finding(sentence, is_remark=True)


def _listed(names: list[str]) -> str:
    """Trials by id, the first few of many."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"trial {', '.join(names[:SHOWN])}{more}"


def _ids(records: list[CommitRecord]) -> frozenset[str]:
    return frozenset(record.trial_id for record in records)


def _content(record: CommitRecord, rows: pa.Table, ids: dict[str, pa.Array], classes: dict[str, int]) -> Iterator[str]:
    trial = record.trial_id
    if rows_hash(rows) != record.rows_sha256 or pc.any(pc.not_equal(rows["trial_id"], trial)).as_py():
        yield f"invariant 3: the rows of trial {trial} are not the ones it committed"
    counts = {str(item["values"]): item["counts"].as_py() for item in pc.value_counts(rows["split"])}
    if counts != record.rows:
        yield f"invariant 2: trial {trial} recorded rows {record.rows}, its file has {counts}"
    for split in counts:
        found = rows.filter(pc.equal(rows["split"], split))["example_id"].combine_chunks()
        if split not in ids or not found.sort().equals(ids[split]):
            yield f"invariant 4: example ids of trial {trial}, split {split}, are not exactly the task's, each once"
    size = classes[record.settings["task"]]
    for kind in KINDS.values():
        if kind.has_classes and kind.answer in rows.column_names:
            column = rows[kind.answer]
            column = pc.list_flatten(column) if pa.types.is_list(column.type) else column
            if len(column) and (pc.min(column).as_py() < 0 or pc.max(column).as_py() >= size):
                yield f"invariant 4: trial {trial} has labels outside the {size} classes of its task"


def _votes(seen: Survey, *, are_rows_sound: bool) -> Iterator[Finding]:
    """What is wrong with the votes kept; they are counted again only from rows that can be trusted."""
    root, votes, records = seen.root, seen.generation.votes, list(seen.records.values())
    if votes is None:
        return
    path = root / votes.file.path
    if not is_intact(root, votes):
        sentence = (
            f"invariant 2: {votes.file.path}, the votes kept, is missing or differs from its recorded checksum; "
            "piesweep compact counts them again"
        )
        yield Finding(sentence, files=(path,))
    elif are_rows_sound:
        cells = cells_of(records)
        for name in false_votes(root, records, votes):
            task, model, method, sparsity = coordinates(cells[name][0])[:4]
            sentence = f"invariant 3: the votes kept of {task}, {model}, {method}, {sparsity} are not those of its rows"
            yield Finding(sentence, files=(path,))


def _identities(seen: Survey) -> Identity:
    """Task -> split -> the sorted example ids."""
    result: Identity = {}
    for task, examples in seen.examples.items():
        result[task] = {
            str(split): examples.filter(pc.equal(examples["split"], split))["example_id"].combine_chunks().sort()
            for split in pc.unique(examples["split"]).to_pylist()
        }
    return result


def _parents(seen: Survey) -> Iterator[Finding]:
    known = seen.records
    for record in known.values():
        if record.parent_id is None:
            continue
        parent = known.get(record.parent_id)
        begun = f"invariant 5: trial {record.trial_id} began from"
        if parent is None:
            yield Finding(f"{begun} {record.parent_id}, which is not committed")
        elif parent.facts.weights != record.facts.parent_weights:
            yield Finding(f"{begun} another state of {record.parent_id} than committed")
