"""Scores that a store keeps: computed once, never part of its results, and made again where they are lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.readability import ensure_scores
from analysis.readability.dictionary import versions
from analysis.relations.database import connect
from runner.store.compaction.compact import compact
from runner.store.digest import digest
from runner.store.layout import Layout
from runner.store.merge import merge
from runner.store.readability import VERSIONS, kept, save
from runner.store.reader import task_cards
from runner.store.verify import broken_invariants
from runner.store.writer import save_task
from tasks.base import TaskData
from tests.analysis.stores import write_task, write_trials

pytestmark = pytest.mark.usefixtures("textstat")

FILMS = [
    {"split": split, "example_id": number, "label": "no", "text": f"Film {number} is a {'very ' * number}long film."}
    for split in ("train", "test")
    for number in range(5)
]


def quiet(what, done, total):
    """Hears of progress and says nothing."""


def run_a_trial(root: Path) -> None:
    """Commit one trial on the films."""
    cell = {"task": "films", "model": "net", "method": "dense", "sparsity": 0.0, "seed": 0, "split": "test"}
    write_trials(root, {"films": ["no", "yes"]}, [cell | {"example_id": n, "label": "yes"} for n in range(5)])


@pytest.fixture
def store(tmp_path):
    """A store of one task, no text of which was scored."""
    write_task(tmp_path / "store", "films", ["no", "yes"], FILMS)
    return tmp_path / "store"


def contents(root: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_scores_are_textstats(store, textstat):
    """The view has one row a text of the split, with textstat's numbers and the length in tokens."""
    assert ensure_scores(store, quiet) == 5
    rows = connect(store).sql("SELECT * FROM readability ORDER BY example_id").to_arrow_table().to_pylist()
    texts = [film["text"] for film in FILMS if film["split"] == "test"]
    assert [(row["split"], row["example_id"]) for row in rows] == [("test", number) for number in range(5)]
    assert [row["gunning_fog"] for row in rows] == [textstat.gunning_fog(text) for text in texts]
    assert [row["difficult_words"] for row in rows] == [textstat.difficult_words(text) for text in texts]
    assert [row["tokens"] for row in rows] == [7, 8, 9, 10, 11]


def test_only_what_is_missing_is_computed(store):
    """A second call changes no byte; another split is added beside the first."""
    seen = []
    assert ensure_scores(store, lambda *progress: seen.append(progress)) == 5
    assert (seen[0], seen[-1]) == (("films, test", 0, 5), ("films, test", 5, 5))
    before = contents(store)
    assert ensure_scores(store, quiet) == 0
    assert contents(store) == before
    assert ensure_scores(store, quiet, splits=("train", "validation", "test")) == 5
    assert {name: content for name, content in contents(store).items() if name in before} == before
    assert connect(store).sql("SELECT count(*) FROM readability").fetchall() == [(10,)]


def test_scores_are_no_result(store):
    """Digest and invariants are those of the store without them; what computed them is on record."""
    ensure_scores(store, quiet)
    assert broken_invariants(store) == []
    run_a_trial(store)
    before = digest(store)
    ensure_scores(store, quiet, splits=("train",))
    assert digest(store) == before
    path = kept(store)["films", "test"]
    assert pq.read_schema(path).metadata[VERSIONS].startswith(b"textstat ")


def test_scores_outlive_compaction(store):
    """Folding trials leaves them where they are."""
    run_a_trial(store)
    ensure_scores(store, quiet)
    before = contents(Layout(store).readability)
    compact(store)
    assert contents(Layout(store).readability) == before
    assert connect(store).sql("SELECT count(*) FROM readability").fetchall() == [(5,)]


def test_a_damaged_file_is_named_and_made_again(store):
    """`verify` says which file cannot be read, and the next call replaces it with the same bytes."""
    ensure_scores(store, quiet)
    (path,) = kept(store).values()
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    assert [str(path) in sentence for sentence in broken_invariants(store)] == [True]
    assert ensure_scores(store, quiet) == 5
    assert path.read_bytes() == whole
    assert broken_invariants(store) == []


@pytest.mark.parametrize("change", ["twice", "foreign"])
def test_rows_of_other_examples_are_found(store, change):
    """A file that speaks twice of an example, or of one that the split has not, is named by `verify`."""
    ensure_scores(store, quiet)
    (path,) = kept(store).values()
    table = pq.read_table(path)
    rows = [0, 0, 1, 2, 3] if change == "twice" else [0, 1, 2, 3, 4]
    table = table.take(rows)
    if change == "foreign":
        table = table.set_column(1, "example_id", pa.array([0, 1, 2, 3, 99], pa.int32()))
    pq.write_table(table, path)
    assert [str(path) in sentence for sentence in broken_invariants(store)] == [True]


def test_writers_at_the_same_time_do_no_harm(store):
    """Of several that keep the same scores at once one remains, whole, and nothing unfinished."""
    ensure_scores(store, quiet)
    (path,) = kept(store).values()
    table, before = pq.read_table(path), contents(store)
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda _: save(path, table, versions()), range(16)))
    assert contents(store) == before


def test_merging_brings_them_along(store, tmp_path):
    """A new store has the scores of those that it was made of, and none is computed again."""
    ensure_scores(store, quiet)
    merge(tmp_path / "whole", [store])
    assert contents(Layout(tmp_path / "whole").readability) == contents(Layout(store).readability)
    assert ensure_scores(tmp_path / "whole", quiet) == 0


def test_a_pair_is_one_text(tmp_path, textstat):
    """Premise and hypothesis are scored with a space between; their tokens count the separator."""
    examples = pa.table(
        {
            "split": ["test"],
            "example_id": pa.array([0], pa.int32()),
            "text": ["A man sleeps soundly."],
            "text_pair": ["Nobody is awake"],
            "label": pa.array([0], pa.int16()),
        }
    )
    classes = ("no", "yes")
    data = TaskData(task="pairs", kind="single-label", inputs="pair", classes=classes, max_tokens=8, examples=examples)
    save_task(tmp_path, data)
    assert ensure_scores(tmp_path, quiet) == 1
    query = "SELECT flesch_kincaid_grade, tokens FROM readability"
    whole = textstat.flesch_kincaid_grade("A man sleeps soundly. Nobody is awake")
    assert connect(tmp_path).sql(query).fetchall() == [(whole, 9)]


def test_tasks_without_texts_are_left_out(tmp_path):
    """Examples without texts have no scores, and nothing is kept for them."""
    write_task(tmp_path, "ids", ["no", "yes"], [{"split": "test", "example_id": 0, "label": "no"}])
    assert ensure_scores(tmp_path, quiet) == 0
    assert not Layout(tmp_path).readability.exists()


def test_other_texts_are_other_scores(store):
    """Scores are known by the fingerprint of the examples: those of other examples are never read."""
    ensure_scores(store, quiet)
    (path,) = kept(store).values()
    fingerprint = task_cards(store)["films"].fingerprint
    path.rename(path.with_name(path.name.replace(fingerprint, "0" * 16)))
    assert kept(store) == {}
    assert ensure_scores(store, quiet) == 5
