"""Kept votes: what they count, what they are tied to, and that losing them loses nothing."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runner.store import reader
from runner.store.compaction import compacted, kept_votes, votes
from runner.store.compaction.compact import compact
from runner.store.compaction.kept_votes import is_intact
from runner.store.compaction.votes import Tally, cells_of, tally_id
from runner.store.digest import digest
from runner.store.layout import Layout
from runner.store.merge import merge
from runner.store.rows import file_hash
from runner.store.schema import KeptVotes
from runner.store.trial_rows import TrialRows
from runner.store.verify import broken_invariants
from tasks.kinds import KINDS
from tests.runner.store import mixed, samples

FIXTURES = Path(__file__).parents[3] / "fixtures"


def kept(root: Path) -> KeptVotes:
    """The votes that a store has kept."""
    found = compacted.kept_votes(Layout(root))
    assert found is not None
    return found


def votes_file(root: Path) -> Path:
    """The only file of votes."""
    (path,) = Layout(root).votes.iterdir()
    return path


def by_hand(root: Path) -> list[dict[str, Any]]:
    """Votes of every cell, split and example, counted one by one."""
    rows = TrialRows(root)
    found = []
    for number, cell in enumerate(cells_of(reader.commits(root)).values()):
        answers: dict[tuple[str, int], list[Any]] = {}
        scores: dict[tuple[str, int], list[float]] = {}
        for record in cell:
            for row in rows.read(record).to_pylist():
                place = row["split"], row["example_id"]
                answers.setdefault(place, []).append(row.get("labels", row.get("label")))
                scores.setdefault(place, []).extend(score for score in [row.get("el2n")] if score is not None)
        for (split, example), given in sorted(answers.items()):
            one: dict[str, Any] = dict.fromkeys(("vote", "votes", "vote_set", "vote_set_votes", "el2n", "el2n_seeds"))
            if isinstance(given[0], list):
                counts = Counter(label for labels in given for label in labels)
                one["vote_set"] = sorted(label for label, count in counts.items() if 2 * count > len(given))
                one["vote_set_votes"] = [counts[label] for label in one["vote_set"]]
            else:
                counts = Counter(given)
                one["vote"] = min(counts, key=lambda label: (-counts[label], label))
                one["votes"] = counts[one["vote"]]
            if said := scores[split, example]:
                one |= {"el2n": sum(said) / len(said), "el2n_seeds": len(said)}
            found.append({"cell": number, "split": split, "example_id": example, **one})
    return found


def test_votes_are_those_of_a_plain_count(tmp_path: Path) -> None:
    """Ties go to the lowest class, sets need more than half, scores are averaged: for every cell, split and example."""
    mixed.store(tmp_path, range(4))
    expected = by_hand(tmp_path)
    compact(tmp_path)
    assert pq.read_table(votes_file(tmp_path)).to_pylist() == expected
    assert any(2 * row["votes"] == 4 for row in expected if row["votes"])  # ties there were


def test_later_seeds_are_counted_and_the_rest_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell that grew is counted again, others come from the file before; the result is that of a whole count."""
    mixed.store(tmp_path, range(2), planned=range(4))
    compact(tmp_path)
    for spec in mixed.specs(range(2, 4)):
        if spec.task == "toy" and spec.is_dense:
            mixed.committed(tmp_path, spec)
    counted: list[int] = []
    count = vars(kept_votes)["count_votes"]

    def watched(cell: votes.Cell, *arguments: Any) -> pa.Table | None:
        counted.append(len(cell))
        return count(cell, *arguments)

    monkeypatch.setattr(kept_votes, "count_votes", watched)
    compact(tmp_path)
    assert counted == [4, 4]  # one cell, two splits
    assert pq.read_table(votes_file(tmp_path)).to_pylist() == by_hand(tmp_path)
    assert broken_invariants(tmp_path) == []


def test_votes_are_tied_to_trials_and_rows(tmp_path: Path) -> None:
    """Another trial, or the same trial with other rows, is another name; their order is none."""
    mixed.store(tmp_path, range(3))
    cell = next(iter(cells_of(reader.commits(tmp_path)).values()))
    other = cell[0].model_copy(update={"rows_sha256": "0" * 64})
    names = {tally_id(cell), tally_id(cell[1:]), tally_id([other, *cell[1:]])}
    assert len(names) == 3
    assert tally_id(cell[::-1]) in names


def test_models_trained_in_two_ways_do_not_vote_together(tmp_path: Path) -> None:
    """Trials that differ in anything but the seed are of two cells; copies that compare devices are of none."""
    mixed.store(tmp_path, range(2))
    records = reader.commits(tmp_path)
    changed = records[0].model_copy(update={"settings": records[0].settings | {"max_tokens": 9}, "trial_id": "longer"})
    canary = records[0].model_copy(update={"settings": records[0].settings | {"canary": "amd"}, "trial_id": "copy"})
    assert len(cells_of([*records, changed, canary])) == len(cells_of(records)) + 1


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 3] ^= 1
    path.write_bytes(bytes(damaged))


@pytest.mark.parametrize("damage", [flip, Path.unlink], ids=["flipped", "missing"])
def test_damaged_votes_are_named_and_made_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Verify says so, the digest is what it was, and the next compaction counts them again."""
    mixed.store(tmp_path)
    compact(tmp_path)
    before, content = digest(tmp_path), votes_file(tmp_path).read_bytes()
    damage(votes_file(tmp_path))
    (broken,) = broken_invariants(tmp_path)
    assert broken.startswith("invariant 2: votes/")
    assert "piesweep compact counts them again" in broken
    assert digest(tmp_path) == before
    compact(tmp_path)
    assert broken_invariants(tmp_path) == []
    assert votes_file(tmp_path).read_bytes() == content


def test_false_votes_are_named(tmp_path: Path) -> None:
    """Votes in a whole file that say something else than the rows break an invariant."""
    mixed.store(tmp_path)
    compact(tmp_path)
    path, named = votes_file(tmp_path), kept(tmp_path)
    table = pq.read_table(path)
    wrong = [None if vote is None else (vote + (row == 0)) % 3 for row, vote in enumerate(table["vote"].to_pylist())]
    column = table.schema.get_field_index("vote")
    pq.write_table(table.set_column(column, "vote", pa.array(wrong, pa.int16())), path, store_schema=False)
    size, total = path.stat().st_size, file_hash(path)
    forged = named.model_copy(update={"file": named.file.model_copy(update={"bytes": size, "sha256": total})})
    generation = compacted.latest(Layout(tmp_path))
    assert compacted.publish(Layout(tmp_path), generation, generation.records.values(), forged)
    (broken,) = broken_invariants(tmp_path)
    assert broken == "invariant 3: the votes kept of toy, bilstm, dense, 0.0 are not those of its rows"


def test_a_store_of_an_earlier_version_gains_votes(tmp_path: Path) -> None:
    """One that was compacted without votes has them after the next compaction, with the same digest."""
    root = tmp_path / "store"
    shutil.copytree(FIXTURES / "store-v1", root)
    before = digest(root)
    assert compacted.kept_votes(Layout(root)) is None
    assert broken_invariants(root) == []
    compact(root)
    assert pq.read_table(votes_file(root)).to_pylist() == by_hand(root)
    assert digest(root) == before
    assert broken_invariants(root) == []


def test_a_compacted_store_of_an_earlier_version_gains_votes(tmp_path: Path) -> None:
    """Even where no trial is to be folded."""
    mixed.store(tmp_path)
    compact(tmp_path)
    votes_file(tmp_path).unlink()
    (generation,) = Layout(tmp_path).compacted.iterdir()
    pq.write_table(pq.read_table(generation), generation, store_schema=False)
    Layout(tmp_path).card.write_text('{"layout": 1}')
    assert compacted.kept_votes(Layout(tmp_path)) is None
    assert compact(tmp_path).trials == 0
    assert is_intact(tmp_path, kept(tmp_path))
    assert pq.read_table(votes_file(tmp_path)).to_pylist() == by_hand(tmp_path)


def test_merged_stores_have_votes_of_the_union(tmp_path: Path) -> None:
    """Two stores with seeds of the same cells, compacted or not: the votes are those of all seeds."""
    mixed.store(tmp_path / "a", range(2))
    mixed.store(tmp_path / "b", range(1, 4))
    compact(tmp_path / "a")
    merge(tmp_path / "whole", [tmp_path / "a", tmp_path / "b"])
    assert pq.read_table(votes_file(tmp_path / "whole")).to_pylist() == by_hand(tmp_path / "whole")
    assert broken_invariants(tmp_path / "whole") == []


def test_a_cell_that_cannot_be_counted_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where counting would take too much memory nothing is kept, once for all, and the store is sound."""
    monkeypatch.setattr(votes, "MOST_COUNTS", 3 * samples.EXAMPLES - 1)
    samples.store(tmp_path)
    compact(tmp_path)
    assert kept(tmp_path).cells == ()
    assert len(kept(tmp_path).uncounted) == 3
    assert broken_invariants(tmp_path) == []
    before = votes_file(tmp_path)
    assert compact(tmp_path).trials == 0
    assert votes_file(tmp_path) == before


def test_rows_that_do_not_belong_together_are_not_added() -> None:
    """Other examples, a class too many, or label sets among labels: the trial is refused."""
    ids = pa.array([0, 1], pa.int32())
    rows = pa.table({"example_id": ids, "label": pa.array([0, 2], pa.int16())})
    sets = pa.table({"example_id": ids, "labels": pa.array([[0], []], pa.list_(pa.int16()))})
    tally = Tally(pa.chunked_array([ids]), KINDS["single-label"], 3)
    assert tally.add(rows)
    assert not tally.add(rows.slice(0, 1))
    assert not tally.add(sets)
    assert not Tally(pa.chunked_array([ids]), KINDS["single-label"], 2).add(rows)


def test_row_groups_hold_whole_splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row group begins with a new split once it has the fewest rows, and a larger split is cut at the most."""
    monkeypatch.setattr(kept_votes, "FEWEST_ROWS", 20)
    monkeypatch.setattr(kept_votes, "MOST_ROWS", 25)
    mixed.store(tmp_path, range(2))
    compact(tmp_path)
    metadata = pq.read_metadata(votes_file(tmp_path))
    sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    assert sizes == [20, 25, 5, *sizes[3:]]
    assert np.max(sizes) == 25


def test_codes_of_places_are_voted_on_one_by_one() -> None:
    """At every place the code of the most, the lowest of several; other places, or a code too many, are refused."""
    ids = pa.chunked_array([pa.array([0, 1], pa.int32())])

    def rows(*codes: list[int]) -> pa.Table:
        return pa.table({"example_id": ids, "tags": pa.array(codes, pa.list_(pa.int16()))})

    tally = Tally(ids, KINDS["tagging"], 3)
    assert all(tally.add(one) for one in (rows([2, 0], [1]), rows([1, 0], [2]), rows([2, 1], [0])))
    found = tally.table()
    assert found["vote_set"].to_pylist() == [[2, 0], [0]]
    assert found["vote_set_votes"].to_pylist() == [[2, 2], [1]]
    assert not tally.add(rows([2, 1, 0], []))
    assert not Tally(ids, KINDS["tagging"], 2).add(rows([2, 0], [1]))
