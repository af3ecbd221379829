"""Everything that a store says, as far as it can be read, and a finding for whatever cannot."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from runner.store import reader
from runner.store.card import NewerLayout, lost, lost_papers, read_card
from runner.store.compaction import compacted
from runner.store.compaction.compacted import COLUMNS, Generation
from runner.store.errors import StoreError
from runner.store.events import event_of, lines_of
from runner.store.files.contract import json_files
from runner.store.files.storage import storage
from runner.store.findings import Finding
from runner.store.layout import Layout
from runner.store.schema import CommitRecord, Compacted, FrozenPlan, PlannedTrial, StoreCard, TaskCard
from runner.store.session import LEASE, is_lease

Paper = TypeVar("Paper")

COMMITTED = ("trial-committed", "trial-already", "trial-rebuilt")
INGESTED, VOIDED = "trial-ingested", "trial-voided"
"""Events that tell which trials must have a record: the last one of a trial counts."""


@dataclass(frozen=True)
class Survey:
    """What of a store can be read, and what is wrong with the rest."""

    root: Path
    cards: dict[str, TaskCard] = field(default_factory=dict)
    examples: dict[str, pa.Table] = field(default_factory=dict)
    plans: list[FrozenPlan] = field(default_factory=list)
    loose: dict[str, CommitRecord] = field(default_factory=dict)
    folded: dict[str, CommitRecord] = field(default_factory=dict)
    generation: Generation = field(default_factory=lambda: Generation(0, COLUMNS.empty_table()))
    card: StoreCard | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def records(self) -> dict[str, CommitRecord]:
        """Name -> record of every commit that can be read; folded ones win, as for every reader."""
        return self.loose | self.folded

    @property
    def spoken_of(self) -> Compacted | None:
        """The newest generation of which the card, or a commit, says that it was there."""
        said = [record.before for record in self.records.values() if record.before is not None]
        said += [self.card.compacted] if self.card and self.card.compacted else []
        return max(said, key=lambda one: one.generation, default=None)

    @property
    def last_number(self) -> int:
        """The highest number that a generation ever had, as far as is known."""
        there = compacted.generations(Layout(self.root))
        return max([*there, self.generation.number, self.spoken_of.generation if self.spoken_of else 0])

    @property
    def has_lost_generation(self) -> bool:
        """True if a generation was there that cannot be read."""
        return self.spoken_of is not None and self.spoken_of.generation > self.generation.number

    @property
    def planned(self) -> dict[str, PlannedTrial]:
        return {trial.trial_id: trial for plan in self.plans for trial in plan.trials}


def survey(root: Path) -> Survey:
    """Read every paper of a store; StoreError only where there is no store at all, or one of a later layout."""
    layout = Layout(root)
    if not layout.tasks.is_dir():
        reader.open_store(root)  # says what is there instead
    found = _with_compacted(layout)
    found.findings.extend(_irregular(layout))
    _take_tasks(found, layout)
    found.plans.extend(_readable(found, layout.plans, reader.read_plan, "invariant 1"))
    for record in _readable(found, layout.commits, _named_commit, "invariant 1"):
        found.loose.update(record)
    _readable(found, layout.failures, reader.read_failure, "a failure record")
    found = replace(found, card=_card(found, layout))
    found.findings.extend(_lost_generation(found, layout))
    found.findings.extend(_unrecorded(found, layout))
    found.findings.extend(_lost_papers(found, layout))
    return found


def _irregular(layout: Layout) -> Iterator[Finding]:
    """Links, pipes and folders where a store has files of its own."""
    files = storage(layout.root)
    for folder in layout.folders:
        try:
            files.require_own(folder)
        except StoreError as error:
            yield Finding(str(error))
            continue
        for path, kind in files.irregular(folder, depth=1 if folder == layout.checkpoints else 0):
            yield Finding(f"{path} is a {kind} that no store has there", files=(path,))
    lease = layout.sessions / LEASE
    with contextlib.suppress(OSError, StoreError):
        if not is_lease(files.read(lease)):
            yield Finding(f"the lease {lease} cannot be read; it counts for nothing once it is old", files=(lease,))


def _readable(found: Survey, folder: Path, open_one: Callable[[Path, bytes], Paper], rule: str) -> list[Paper]:
    """What the JSON files of a folder hold; a finding for each that cannot be read."""
    papers = []
    for path in json_files(folder):
        try:
            papers.append(open_one(path, storage(path).read(path)))
        except FileNotFoundError:
            continue
        except (StoreError, OSError) as error:
            found.findings.append(Finding(f"{rule}: {error}", files=(path,)))
    return papers


def _named_commit(path: Path, content: bytes) -> dict[str, CommitRecord]:
    record = reader.read_commit(path, content)
    if record.trial_id != path.stem:
        raise StoreError(f"the record {path.stem} is of trial {record.trial_id}")
    return {path.stem: record}


def _take_tasks(found: Survey, layout: Layout) -> None:
    """Cards and examples, each by itself: examples that cannot be believed leave the card as it is."""
    for card in _readable(found, layout.tasks, reader.read_task_card, "invariant 4"):
        found.cards[card.task] = card
        try:
            found.examples[card.task] = reader.card_examples(layout.root, card)
        except StoreError as error:
            path = layout.task_examples(card.task)
            found.findings.append(Finding(f"invariant 4: {error}", files=(layout.task_card(card.task), path)))


def _with_compacted(layout: Layout) -> Survey:
    """A survey of the highest generation that can be read, with single records of later ones that are whole.

    A finding for each that cannot be read.
    """
    found = Survey(layout.root)
    known: dict[int, Generation] = {}
    for number, path in compacted.generations(layout).items():
        try:
            one = compacted.generation(number, path)
            found = replace(found, generation=one, folded=one.records)
            known[number] = one
        except FileNotFoundError:
            continue
        except StoreError as error:
            found.findings.append(Finding(f"invariant 1: {error}", files=(path,)))
            found.folded.update(compacted.whole_records(path))
    for number, one in known.items():
        said, there = one.before, known.get(number - 1)
        if said is not None and there is not None and there.sha256 != said.sha256:
            sentence = f"invariant 1: {there.path} is not the generation that {one.path} followed"
            found.findings.append(Finding(sentence, files=(Path(there.path),)))
    return found


def _card(found: Survey, layout: Layout) -> StoreCard | None:
    """The card, if it can be read; only stores of early versions have none."""
    try:
        card = read_card(layout.root)
    except NewerLayout:
        raise
    except (StoreError, OSError) as error:
        found.findings.append(Finding(f"invariant 1: {error}", files=(layout.card,)))
        return None
    if card is None and any(one.examples for one in found.cards.values()):
        found.findings.append(Finding(f"invariant 1: the card {layout.card} is missing", files=(layout.card,)))
    return card


def _lost_generation(found: Survey, layout: Layout) -> Iterator[Finding]:
    """Whether the compacted records of which the card and later commits speak are there."""
    newest = found.spoken_of
    if newest is None:
        return
    if newest.generation > found.generation.number:
        if newest.generation not in compacted.generations(layout):
            yield Finding(f"invariant 1: {lost(layout.root, newest)}")
    elif newest.generation == found.generation.number and newest.sha256 != found.generation.sha256:
        sentence = f"invariant 1: {found.generation.path} is not the generation that was published"
        yield Finding(sentence, files=(Path(found.generation.path),))


def _unrecorded(found: Survey, layout: Layout) -> Iterator[Finding]:
    """Trials that a session saw commit and that have no record now; lines of a log that are damaged."""
    last: dict[str, tuple[str, str]] = {}
    for path, lines in lines_of(layout.root):
        for number, line in enumerate(lines, start=1):
            event = event_of(line)
            if event is None:
                if number < len(lines):  # the last one may have been cut off by a crash
                    yield Finding(f"line {number} of the log {path} cannot be read", is_remark=True)
            elif event["event"] in (*COMMITTED, INGESTED, VOIDED):
                told = (event["time"], event["event"])
                last[str(event.get("trial_id"))] = max(told, last.get(str(event.get("trial_id")), told))
    for trial_id in sorted(last.keys() - found.records.keys()):
        time, kind = last[trial_id]
        if kind == INGESTED or (kind != VOIDED and trial_id in found.planned):
            yield Finding(
                f"invariant 1: trial {trial_id} committed at {time}, says the log, and its record is missing in "
                f"{layout.commits}",
                missing=frozenset({trial_id}),
            )


def _lost_papers(found: Survey, layout: Layout) -> Iterator[Finding]:
    """Plans and tasks that the card, or a later plan, saw lie there, and that are gone."""
    plans = tuple({name for plan in found.plans for name in plan.before} | set(found.card.plans if found.card else ()))
    card = StoreCard(layout=1, plans=plans, tasks=found.card.tasks if found.card else ())
    yield from (Finding(f"invariant 1: {sentence}") for sentence in lost_papers(layout, card))
