"""What is missing, what waits for what, and when a parent's state may go."""

from __future__ import annotations

from pathlib import Path

from runner.pruning.schedules import Levels
from runner.spec import TrialSpec
from runner.store.layout import Layout
from runner.sweep.jobs import TRAINED, Job, Queue, discard_leftovers, missing_jobs
from tests.runner.store import samples


def trials(seeds: int = 2) -> list[TrialSpec]:
    """Dense, two iterative children and one trial pruned at initialisation, per seed."""
    return [
        samples.spec(method, sparsity, seed)
        for seed in range(seeds)
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5), ("imp-ft", 0.9), ("mp-ai", 0.5))
    ]


def train_parent(root: Path, seed: int = 0) -> Path:
    """Leave the trained state that children start from."""
    folder = Layout(root).checkpoint(samples.spec(seed=seed).trial_id)
    folder.mkdir(parents=True)
    (folder / TRAINED).touch()
    return folder


def names(jobs: list[Job]) -> list[tuple[str, float, int]]:
    """Method, sparsity and seed of jobs."""
    return [(job.spec.method, job.spec.sparsity, job.spec.seed) for job in jobs]


def test_all_is_missing_at_first_and_nothing_at_last(tmp_path: Path) -> None:
    """An empty store lacks the whole plan, a full one nothing."""
    jobs = missing_jobs(trials(), tmp_path)
    assert len(jobs) == len(trials())
    assert {job.trial_id for job in jobs if job.keep_state} == {spec.trial_id for spec in trials() if spec.is_dense}
    for spec in trials():
        samples.committed(tmp_path, spec)
    assert missing_jobs(trials(), tmp_path) == []


def test_children_wait_for_their_parent_and_follow_it_at_once(tmp_path: Path) -> None:
    """Only parents and independent trials are ready; a parent's children come first once it has ended well."""
    queue = Queue.of(missing_jobs(trials(), tmp_path), tmp_path)
    assert names(list(queue.ready)) == [("dense", 0, 0), ("dense", 0, 1), ("mp-ai", 0.5, 0), ("mp-ai", 0.5, 1)]
    parent = queue.ready.popleft()
    queue.succeeded(parent)
    assert names(list(queue.ready))[:2] == [("imp-ft", 0.5, 0), ("imp-ft", 0.9, 0)]


def test_children_of_a_failed_parent_do_not_start(tmp_path: Path) -> None:
    """A parent that failed takes its own children out of the session, and no others."""
    queue = Queue.of(missing_jobs(trials(), tmp_path), tmp_path)
    parent = queue.ready.popleft()
    assert names(queue.failed(parent)) == [("imp-ft", 0.5, 0), ("imp-ft", 0.9, 0)]
    assert ("imp-ft", 0.5, 1) in {(j.spec.method, j.spec.sparsity, 1) for js in queue.waiting.values() for j in js}


def test_parent_state_is_kept_until_the_last_child_has_committed(tmp_path: Path) -> None:
    """The trained state is deleted after the last child, not before."""
    samples.committed(tmp_path, samples.spec())
    folder = train_parent(tmp_path)
    queue = Queue.of(missing_jobs(trials(1), tmp_path), tmp_path)
    children = [job for job in queue.ready if job.spec.shares_parent]
    queue.succeeded(children[0])
    assert folder.exists()
    queue.succeeded(children[1])
    assert not folder.exists()


def test_a_parent_whose_state_is_gone_is_rebuilt_first(tmp_path: Path) -> None:
    """Children added to a finished study need their parent's state again: it is rebuilt, and they wait."""
    samples.committed(tmp_path, samples.spec())
    jobs = missing_jobs([samples.spec(), samples.spec("imp-ft", 0.5)], tmp_path)
    assert [(job.spec.method, job.rebuild, job.keep_state) for job in jobs] == [
        ("dense", True, True),
        ("imp-ft", False, False),
    ]
    queue = Queue.of(jobs, tmp_path)
    assert names(list(queue.ready)) == [("dense", 0, 0)]


def test_a_parent_whose_state_is_there_is_not_trained_again(tmp_path: Path) -> None:
    """A committed parent with its trained state makes its children ready at once."""
    samples.committed(tmp_path, samples.spec())
    train_parent(tmp_path)
    jobs = missing_jobs([samples.spec(), samples.spec("imp-ft", 0.5)], tmp_path)
    assert names(jobs) == [("imp-ft", 0.5, 0)]


def test_leftover_states_go_and_needed_ones_stay(tmp_path: Path) -> None:
    """States of committed trials go unless a missing child needs them; a running trial's checkpoint stays."""
    for seed in (0, 1):
        samples.committed(tmp_path, samples.spec(seed=seed))
        train_parent(tmp_path, seed)
    samples.committed(tmp_path, samples.spec("imp-ft", 0.5, 0))
    plan = [
        samples.spec(method, sparsity, seed)
        for seed in (0, 1)
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5))
    ]
    unfinished = Layout(tmp_path).checkpoint(plan[-1].trial_id)
    unfinished.mkdir()
    discard_leftovers(plan, tmp_path)
    left = {folder.name for folder in Layout(tmp_path).checkpoints.iterdir()}
    assert left == {samples.spec(seed=1).trial_id, unfinished.name}


def test_orphans_wait_for_their_parent_to_be_trained_again(tmp_path: Path) -> None:
    """Two children whose parent's state was damaged ask for it once; both are ready when it is back."""
    dense, *children = (spec for spec in trials(1) if spec.method != "mp-ai")
    queue = Queue.of([Job(child) for child in children], tmp_path)
    first, second = queue.ready.popleft(), queue.ready.popleft()
    queue.orphaned(first)
    queue.orphaned(second)
    parent = queue.ready.popleft()
    assert (parent.trial_id, parent.rebuild, parent.keep_state) == (dense.trial_id, True, True)
    assert not queue.ready
    queue.succeeded(parent)
    assert list(queue.ready) == [first, second]


def test_a_driver_that_lost_the_store_deletes_nothing(tmp_path: Path) -> None:
    """The parents' states that it needs no longer may be those that its successor starts from."""
    folder = train_parent(tmp_path)
    children = [spec for spec in trials(1) if spec.shares_parent]
    queue = Queue.of([Job(child) for child in children], tmp_path, may_delete=lambda: False)
    for job in list(queue.ready):
        queue.succeeded(job)
    assert (folder / TRAINED).exists()


def levels(count: int) -> list[TrialSpec]:
    """A dense trial and so many levels above it."""
    return [samples.spec(), *(samples.spec("lth", Levels().gone(level)) for level in range(1, count + 1))]


def test_levels_wait_for_the_one_below(tmp_path: Path) -> None:
    """One after the other; the state of each goes as soon as the next has ended; a failure takes all above with it."""
    queue = Queue.of(missing_jobs(levels(3), tmp_path), tmp_path)
    dense = queue.ready.popleft()
    assert dense.keep_state
    queue.succeeded(dense)
    (first,) = queue.ready
    assert (first.trial_id, first.keep_state) == (levels(3)[1].trial_id, True)
    assert [job.trial_id for job in queue.failed(first)] == [spec.trial_id for spec in levels(3)[2:]]


def test_a_level_added_later_brings_back_all_below_whose_states_are_gone(tmp_path: Path) -> None:
    """Two levels are done and their states deleted: dense model and both levels are rebuilt in turn, and then go."""
    for spec in levels(2):
        samples.committed(tmp_path, spec)
    jobs = missing_jobs(levels(3), tmp_path)
    assert [job.rebuild for job in jobs] == [True, True, True, False]
    queue = Queue.of(jobs, tmp_path)
    for spec in levels(3):
        (job,) = queue.ready
        assert job.spec == spec
        queue.ready.clear()
        folder = Layout(tmp_path).checkpoint(spec.trial_id)
        folder.mkdir(parents=True)
        (folder / TRAINED).touch()
        queue.succeeded(job)
        left = {one.name for one in Layout(tmp_path).checkpoints.iterdir()}
        assert left == {spec.trial_id}, "the one that it went on from is needed no longer"
    assert not queue.waiting


def test_a_level_whose_state_is_gone_asks_down_to_the_dense_model(tmp_path: Path) -> None:
    """An orphan asks for its parent, which asks for its own; they come back in order."""
    dense, first, second = levels(2)
    queue = Queue.of([Job(second)], tmp_path)
    queue.orphaned(queue.ready.popleft())
    parent = queue.ready.popleft()
    assert (parent.trial_id, parent.rebuild) == (first.trial_id, True)
    queue.orphaned(parent)
    root = queue.ready.popleft()
    assert (root.trial_id, root.rebuild) == (dense.trial_id, True)
    queue.succeeded(root)
    queue.succeeded(queue.ready.popleft())
    assert list(queue.ready) == [Job(second)]
