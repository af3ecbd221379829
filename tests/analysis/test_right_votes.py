"""Whether a vote is right: of a span by any of its gold answers, of tags by all of them; and how both are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.broken_examples import surest_broken
from analysis.page.explorer import explorer
from analysis.page.packing import unpacked
from analysis.relations.database import connect
from analysis.results import Results
from analysis.statistics.hypothesis_tests import declared
from analysis.summary import broken_examples
from analysis.worded_votes import WORDED
from runner.store import reader
from tasks.kinds import KINDS
from tests.analysis import test_span_store as spans
from tests.analysis import test_tagging_store as tags
from tests.analysis.stores import write_plan
from tests.runner.store.test_ingest import Rows, change

OTHER = {("gmp", 0.5, seed): [[4, 11], [10, 15], [4, 6]] for seed in range(3)}
FAMILIES = [
    {"name": "right", "of": {"method": "wanda"}, "against": "dense", "test": "mcnemar"},
    {"name": "rates", "compare": "pie-rate", "of": {"method": "wanda"}, "against": "gmp", "test": "swap"},
    {"name": "swapped", "of": {"method": "wanda"}, "against": "dense", "test": "swap"},
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Spans, the second gold answer of the first question first; two pruned methods, and three families."""
    other: Rows = [
        {"task": "q", "model": "mine", "method": method, "sparsity": sparsity, "seed": seed, "split": "test"}
        | {"example_id": at, "span": span}
        for (method, sparsity, seed), said in OTHER.items()
        for at, span in enumerate(said)
    ]
    known = change(spans.examples(), 0, gold_spans=[[8, 11], [4, 11]])
    root = spans.take_in(tmp_path_factory.mktemp("spans"), [*spans.predictions(), *other], known)
    planned = [{**record.settings, "trial_id": record.trial_id} for record in reader.commits(root)]
    write_plan(root, "study", planned, {"hypotheses": FAMILIES})
    return root


def test_any_gold_answer_makes_a_vote_right(store: Path) -> None:
    """The dense vote on the first question is its second gold answer: McNemar counts it among the right ones."""
    rows = {row["family"]: row for row in declared(Results.of(store))}
    (found,) = Results.of(store).rows("SELECT * FROM example_pairs WHERE task = 'q'")
    assert [found[name] for name in ("examples", "yes_yes", "yes_no", "no_yes")] == [3, 1, 0, 2]
    assert rows["right"]["estimate"] == pytest.approx(-2 / 3)


def test_votes_for_both_ends_are_swapped(store: Path) -> None:
    """A PIE rate of spans is tested by swap like any other; whether their votes are right is not, and it says so."""
    results = Results.of(store)
    rows = {row["family"]: row for row in declared(results)}
    rates = {row["method"]: row["rate"] for row in results.pie_rate}
    assert rows["rates"]["estimate"] == pytest.approx(rates["wanda"] - rates["gmp"])
    assert rows["rates"]["pairs"] == 3
    assert "not asked by swap; paired-t and mcnemar do" in rows["swapped"]["reason"]


def test_broken_spans_are_told_with_all_gold_answers(store: Path) -> None:
    """As texts; the summary says that the dense models were right."""
    results = Results.of(store)
    first, *_ = surest_broken(results, ("q", "mine", "test"), 3)
    assert (first.gold, first.dense, first.was_right) == (("cat", "old cat"), ("old cat",), True)
    told = broken_examples(results, 3)
    assert "Broken by pruning, and right before" in told
    assert "gold cat, old cat · dense models old cat (2 of 3) · pruned models characters 8 to 3" in told


def test_the_page_has_every_gold_answer(store: Path) -> None:
    """One answer has the number of a vote; several are a list of votes."""
    head, arrays = unpacked(explorer(Results.of(store)).packed)
    (group,) = head["groups"]
    assert head["kinds"] == {"q": "span"}
    known = {
        int(one): head["sets"]["q"][gold] for one, gold in zip(arrays[group["ids"]], arrays[group["gold"]], strict=True)
    }
    assert known == {0: [[8, 11], [4, 11]], 1: [10, 15], 2: [0, 2]}


def test_only_disputed_words_are_told(tmp_path: Path) -> None:
    """Of tags those on which the gold answer, the dense vote and the pruned votes do not all agree."""
    results = Results(connect(tags.committed(tmp_path)))
    first, second = surest_broken(results, ("t", "net", "test"), 3)
    assert (first.gold, first.dense) == (("w1 I-it's", "w3 B-B"), ("w1 I-it's", "w3 B-B"))
    assert first.cells == (("imp-ft", 0.5, ("w1 O", "w3 O")),)
    assert (second.gold, second.dense, second.was_right) == (("w0 B-B",), ("w0 B-B",), True)


def test_every_kind_that_is_voted_on_has_words() -> None:
    """A kind of answer without a way to write its votes would break every summary."""
    assert set(WORDED) == {name for name, kind in KINDS.items() if kind.ballot}
