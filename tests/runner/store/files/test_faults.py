"""Every call that changes a store fails once, in every way: the store is as it was before or as it is after."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import resource
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from runner.store import reader, session
from runner.store.digest import digest
from runner.store.errors import StoreError
from runner.store.events import events_of
from runner.store.files import storage
from runner.store.files.disk import Disk
from runner.store.files.disk_calls import DiskCalls
from runner.store.layout import Layout
from runner.store.leftovers import sweep_leftovers
from runner.store.rows import canonical, write_parquet
from runner.store.session import hold, running_trials
from runner.store.verify import broken_invariants
from runner.store.writer import freeze_plan, record_failure, save_task
from runner.trial import checkpoints
from tests.runner.store import samples
from tests.runner.store.faults import FAULTS, POWER, Death, FaultyDisk, Kill

NEW = samples.spec("mp-ai", 0.5, seed=7)
MODEL = samples.spec("mp-ai", 0.5, seed=8, extras=("model",))
STATE = Path("checkpoints") / NEW.trial_id / "state.safetensors"
FAR = 10.0**12
"""A time at which whatever is unfinished is dead."""

Operation = Callable[[Path], None]


def make_store(root: Path) -> None:
    """A new store's first task and plan."""
    save_task(root, samples.task())
    freeze_plan(root, {"name": "sample"}, [NEW, MODEL, samples.spec()])


def commit_trial(root: Path) -> None:
    """A trial's rows and its record; nothing if it has committed."""
    if not reader.is_committed(root, NEW.trial_id):
        samples.committed(root, NEW)


def commit_model(root: Path) -> None:
    """A trial's rows, its network, and its record; nothing if it has committed."""
    if not reader.is_committed(root, MODEL.trial_id):
        samples.committed(root, MODEL)


def fail_trial(root: Path) -> None:
    """A failure's traceback."""
    record_failure(root, NEW.trial_id, 1, "Traceback ...")


def save_state(root: Path) -> None:
    """A checkpoint over an older one."""
    checkpoints.save(root / STATE, NEW.trial_id, {"w": torch.arange(5.0)}, {"epoch": 2})


def hold_store(root: Path) -> None:
    """A driver's lease, taken over from a dead one, and given back."""
    with hold(root):
        pass


OPERATIONS: dict[Operation, Callable[[Path], None]] = {
    make_store: lambda root: None,
    commit_trial: lambda root: (make_store(root), samples.committed(root, samples.spec()), fail_trial(root)),
    commit_model: lambda root: (make_store(root), samples.committed(root, samples.spec())),
    fail_trial: make_store,
    save_state: lambda root: (
        make_store(root),
        checkpoints.save(root / STATE, NEW.trial_id, {"w": torch.zeros(5)}, {"epoch": 1}),
    ),
    hold_store: lambda root: (make_store(root), leave_lease(root)),
}
"""What is tried -> what it is tried on."""


def leave_lease(root: Path) -> None:
    """The lease of a driver of this machine that is no more."""

    lease = {"session": "dead", **session._this_process(), "running": [NEW.trial_id]}
    Layout(root).sessions.mkdir()
    (Layout(root).sessions / "lease.json").write_text(json.dumps(lease))


def state_of(root: Path) -> tuple[object, ...]:
    """Everything that a reader of the store can see, read as readers do."""
    try:
        if Layout(root).tasks.is_dir():
            assert broken_invariants(root) == []
        seen: list[object] = [digest(root), sorted(reader.failures(root)), len(reader.frozen_plans(root))]
    except StoreError:
        seen = []
    with contextlib.suppress(FileNotFoundError):
        state = checkpoints.load(root / STATE, NEW.trial_id)
        seen += [state.content, state.facts["epoch"]]
    return (*seen, sorted(running_trials(root)))


def visible(root: Path) -> list[str]:
    """The kinds of files that lie in a store, without what names an attempt or a session."""
    names = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return sorted(name.split(".")[0] for name in names if not name.startswith("sessions/"))


def stages(operation: Operation, base: Path, folder: Path) -> list[tuple[object, ...]]:
    """What may be seen: before, after, and where an operation makes several things visible, between them."""
    found = []
    shutil.copytree(base, folder)
    disk = FaultyDisk(folder, lambda number, name, do: (do(), found.append(state_of(folder)))[0])
    found.append(state_of(folder))
    with installed(disk):
        operation(folder)
    return found


@contextlib.contextmanager
def installed(disk: FaultyDisk):
    """The store's files go through this disk."""
    before = storage.DISK
    storage.DISK = Disk(disk)
    try:
        yield
    finally:
        storage.DISK = before


def struck(operation: Operation, root: Path, fault) -> FaultyDisk:
    """Run an operation that meets a fault."""
    disk = FaultyDisk(root, fault)
    with installed(disk), contextlib.suppress(OSError, StoreError, Death):
        operation(root)
    return disk


def check(operation: Operation, root: Path, allowed: list[tuple[object, ...]], done: list[str]) -> None:
    """The store is one of the stages; the same operation again completes it, and what was left can be swept."""
    assert state_of(root) in allowed
    operation(root)
    assert state_of(root) == allowed[-1]
    sweep_leftovers(root, FAR)
    assert visible(root) == done
    assert state_of(root) == allowed[-1]


@pytest.fixture(autouse=True)
def dead_drivers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds a lease here is dead when the next one looks: the process that a fault ended."""
    this = session._this_process()
    monkeypatch.setattr(session, "_this_process", lambda: {**this, "pid": 2**22 + 1})


@dataclass(frozen=True)
class Tried:
    """An operation's store as it was before, what may be seen of it on the way, and the files that it leaves."""

    base: Path
    allowed: list[tuple[object, ...]]
    done: list[str]


@pytest.fixture(scope="module")
def undisturbed_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Operation], Tried]:
    """What an operation does when nothing fails: looked at once for all the ways to fail."""

    @functools.cache
    def tried(operation: Operation) -> Tried:
        folder = tmp_path_factory.mktemp(operation.__name__)
        (folder / "base").mkdir()
        OPERATIONS[operation](folder / "base")
        allowed = stages(operation, folder / "base", folder / "whole")
        return Tried(folder / "base", allowed, visible(folder / "whole"))

    return tried


@pytest.mark.parametrize("fault", [*FAULTS, *POWER])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_every_call_may_fail(
    operation: Operation, fault: str, undisturbed_of: Callable[[Operation], Tried], tmp_path: Path
) -> None:
    """For every n: the n-th call fails, or is the last before the power goes; then the operation is done again."""
    tried = undisturbed_of(operation)
    number, reached = 0, True
    while reached:
        number += 1
        root = tmp_path / str(number)
        shutil.copytree(tried.base, root)
        planned = FAULTS.get(fault, Kill)(number)
        disk = struck(operation, root, planned)
        reached = planned.struck
        if fault in POWER:
            disk.memory.power_off(POWER[fault](number))
        check(operation, root, tried.allowed, tried.done)
        shutil.rmtree(root)
    assert number > len(set(disk.calls))


def test_what_has_returned_survives_a_power_cut(tmp_path: Path) -> None:
    """A commit that was reported is there after the power goes at once, in a store made a moment before."""
    root = tmp_path / "store"
    root.mkdir()
    disk = FaultyDisk(root, lambda number, name, do: do())
    with installed(disk):
        make_store(root)
        commit_trial(root)
        save_state(root)
    seen = state_of(root)
    disk.memory.power_off(lambda: False)
    assert state_of(root) == seen


def test_a_full_disk_takes_no_event_and_ends_nothing(tmp_path: Path) -> None:
    """Events that a disk has no room for are kept: trials go on, and what happened is in the log, in order and once,
    when there is room again."""
    full = [False]

    def fault(number, name, do):
        if full[0] and name == "append":
            raise OSError(errno.ENOSPC, "no room")
        return do()

    with installed(FaultyDisk(tmp_path, fault)), hold(tmp_path) as held:
        for number in range(6):
            full[0] = number in (1, 2, 3)
            held.event("trial-started", str(number))
            assert [event["trial_id"] for event in events_of(tmp_path, "trial-started")] == [
                str(told) for told in ([0] if full[0] else range(number + 1))
            ]
    assert len(events_of(tmp_path, "session-ended")) == 1


def test_an_append_is_whole_or_nothing(tmp_path: Path) -> None:
    """A real file that may not grow beyond twelve bytes: what no longer fits leaves no half of itself."""
    path = tmp_path / "log"
    DiskCalls().append(path, b"12345678\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            DiskCalls().append(path, b"abcdefgh\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"12345678\n"


def test_no_call_goes_round_the_disk(tmp_path: Path) -> None:
    """Files that Python tells its auditors are opened for writing, linked, renamed or removed: the disk did it."""
    round_about: list[tuple[str, object]] = []
    inside: list[str] = []
    watching = True

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        changes = event in ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate")
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3
        if watching and not inside and (changes or writes) and str(tmp_path) in str(arguments):
            round_about.append((event, arguments))

    def within(number, name, do):
        inside.append(name)
        try:
            return do()
        finally:
            inside.pop()

    sys.addaudithook(audit)
    with installed(FaultyDisk(tmp_path, within)):
        make_store(tmp_path)
        fail_trial(tmp_path)
        commit_trial(tmp_path)
        commit_model(tmp_path)
        save_state(tmp_path)
    watching = False
    assert round_about == []


def test_rows_of_an_attempt_that_may_still_commit_stay(tmp_path: Path) -> None:
    """Rows without a record are kept until their trial has committed, however old; then the loser's go."""
    make_store(tmp_path)
    layout = Layout(tmp_path)
    orphan = layout.data / f"{NEW.trial_id}.0123456789ab.parquet"
    write_parquet(canonical(samples.rows(3), NEW.trial_id), orphan, tmp_path)
    assert sweep_leftovers(tmp_path, FAR) == 0
    commit_trial(tmp_path)
    assert sweep_leftovers(tmp_path, FAR) == 1
    assert not orphan.exists()
    assert broken_invariants(tmp_path) == []


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    """An unfinished file goes when it has not been touched for an hour, and not before."""
    aside = tmp_path / "commits" / ".x.json.0123456789ab"
    aside.parent.mkdir()
    aside.write_bytes(b"{")
    now = aside.stat().st_mtime
    assert sweep_leftovers(tmp_path, now + 60) == 0
    assert sweep_leftovers(tmp_path, now + 3601) == 1


def test_random_faults_of_one_seed_are_the_same() -> None:
    """Which names survive a power cut is drawn from the call's number, so that a failure can be seen again."""
    draw = POWER["some-names-kept"]
    first, second = draw(3), draw(3)
    assert [first() for _ in range(20)] == [second() for _ in range(20)]
