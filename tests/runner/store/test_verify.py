"""Every invariant is seen to break when it is broken, and the digest sees rows and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from runner.store import reader
from runner.store.digest import digest
from runner.store.errors import StoreError
from runner.store.layout import Layout
from runner.store.rows import canonical, rows_hash, write_parquet
from runner.store.status import Status, status
from runner.store.verify import broken_invariants
from tests.runner.store import samples, tampering


def rewrite(root: Path, trial_id: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a commit record behind the store's back."""
    tampering.rewrite(Layout(root).commit(trial_id), change)


def replace_rows(root: Path, trial_id: str, rows: pa.Table) -> None:
    """Give a trial other rows, with a file and a record that agree with each other."""
    file = write_parquet(rows, root / "data" / "forged.parquet", root)
    counts: dict[str, int] = {}
    for split in rows["split"].to_pylist():
        counts[split] = counts.get(split, 0) + 1
    rewrite(
        root,
        trial_id,
        lambda record: record.update(files=[file.model_dump()], rows=counts, rows_sha256=rows_hash(rows)),
    )


def drop_file(root: Path, trial_id: str) -> None:
    """Delete the data file of a trial."""
    (root / reader.commits(root)[0].files[0].path).unlink()


def flip_byte(root: Path, trial_id: str) -> None:
    """Change one byte in the data file of a trial."""
    path = root / reader.commits(root)[0].files[0].path
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(bytes(content))


def lose_example(root: Path, trial_id: str) -> None:
    """A trial that predicts one example too few."""
    replace_rows(root, trial_id, canonical(samples.rows().slice(1), trial_id))


def repeat_example(root: Path, trial_id: str) -> None:
    """A trial that predicts an example twice."""
    rows = samples.rows()
    replace_rows(root, trial_id, canonical(pa.concat_tables([rows.slice(1), rows.slice(1, 1)]), trial_id))


def foreign_label(root: Path, trial_id: str) -> None:
    """A trial that predicts a class its task does not have."""
    rows = samples.rows()
    labels = pa.array([17] * samples.EXAMPLES, pa.int16())
    replace_rows(root, trial_id, canonical(rows.set_column(2, "label", labels), trial_id))


def other_settings(root: Path, trial_id: str) -> None:
    """A commit whose settings name another trial."""
    rewrite(root, trial_id, lambda record: record["settings"].update(seed=77))


def twin(root: Path, trial_id: str) -> None:
    """The same coordinates committed under two ids."""
    layout = Layout(root)
    shutil.copy(layout.commit(trial_id), layout.commit("0" * 16))
    rewrite(root, "0" * 16, lambda record: record.update(trial_id="0" * 16))


def lose_plan(root: Path, trial_id: str) -> None:
    """A committed trial that no study planned."""
    shutil.rmtree(Layout(root).plans)


def other_examples(root: Path, trial_id: str) -> None:
    """A task whose examples are not the ones that were trained on."""

    def change(card: dict[str, Any]) -> None:
        card.update(classes=["c", "b", "a"])
        card.pop("examples")

    tampering.rewrite(Layout(root).task_card("toy"), change)


BREAKERS = {
    drop_file: "invariant 2: .* is missing",
    flip_byte: "invariant 2: .* checksum",
    lose_example: "invariant 4: example ids",
    repeat_example: "invariant 4: example ids",
    foreign_label: "invariant 4: .* labels outside",
    other_settings: "invariant 1: .* settings that name another",
    twin: "invariant 1: 2 committed trials",
    lose_plan: "invariant 1: .* no study",
    other_examples: "invariant 4: the examples .* of task 'toy' have fingerprint",
}


def test_a_sound_store_has_no_broken_invariant(tmp_path: Path) -> None:
    """A store that was written as it should be is sound."""
    samples.store(tmp_path)
    assert broken_invariants(tmp_path) == []


@pytest.mark.parametrize("breaker", BREAKERS, ids=lambda breaker: breaker.__name__)
def test_a_broken_invariant_is_named(tmp_path: Path, breaker: Callable[[Path, str], None]) -> None:
    """Each way of breaking a store is found, and named by its number."""
    samples.store(tmp_path)
    breaker(tmp_path, reader.commits(tmp_path)[0].trial_id)
    broken = broken_invariants(tmp_path)
    import re

    assert any(re.search(BREAKERS[breaker], sentence) for sentence in broken), broken


@pytest.mark.parametrize("lost", [True, False], ids=["parent-missing", "other-state"])
def test_a_child_of_no_committed_parent_is_named(tmp_path: Path, lost: bool) -> None:
    """A child whose parent is not committed, or that began from another state, breaks invariant 5."""
    samples.store(tmp_path, seeds=1)
    parent = samples.spec().trial_id
    if lost:
        Layout(tmp_path).commit(parent).unlink()
    else:
        rewrite(tmp_path, parent, lambda record: record["facts"].update(weights="another"))
    assert any(sentence.startswith("invariant 5") for sentence in broken_invariants(tmp_path))


def test_digest_sees_rows_but_not_who_wrote_them(tmp_path: Path) -> None:
    """Equal trials committed in another order by other attempts have the same digest; one other label does not."""
    first, second, third = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    trials = samples.store(first)
    samples.save_task(second, samples.task())
    for trial in reversed(trials):
        samples.committed(second, trial)
    assert digest(first) == digest(second)
    shutil.copytree(first, third)
    replace_rows(third, trials[0].trial_id, canonical(samples.rows(12), trials[0].trial_id))
    assert digest(third) != digest(first)


def test_status_counts(tmp_path: Path) -> None:
    """Planned, committed, running and failed are counted from the store alone."""
    trials = samples.store(tmp_path)
    Layout(tmp_path).commit(trials[0].trial_id).unlink()
    assert status(tmp_path) == Status(planned=6, committed=5, running=0, failed=0)


def test_a_folder_that_is_no_store_is_refused(tmp_path: Path) -> None:
    """Reading a folder that is no store says so and what makes one."""
    with pytest.raises(StoreError, match="not a piesweep store"):
        status(tmp_path)
    with pytest.raises(StoreError, match="does not exist"):
        broken_invariants(tmp_path / "nowhere")
