"""One example's life, against votes counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.example_life import Address, Answer, ExampleError, VoteChange, example, turn
from analysis.relations.database import connect
from tests.analysis.stores import write_task, write_trials

CLASSES = ["no", "yes"]
VOTES = {  # method and sparsity -> what three seeds say of example 0
    ("dense", 0.0): "yes yes no",
    ("imp-ft", 0.2): "yes yes yes",
    ("imp-ft", 0.5): "no no yes",
    ("imp-ft", 0.9): "yes no yes",
    ("rp-ai", 0.2): "yes no yes",
    ("rp-ai", 0.5): "no no no",
    ("rp-ai", 0.9): "no no yes",
    ("mp-ai", 0.9): "yes yes yes",
}


def answer(sparsity: float, *, differs: bool | None) -> Answer:
    """An answer of which only its place and whether it differs matter."""
    return Answer(method="imp-ft", sparsity=sparsity, vote=("no",), votes=(1,), seeds=1, differs=differs)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty training examples of ascending difficulty; example 0 has a history, people disagree on all."""
    root = tmp_path_factory.mktemp("films")
    examples = [
        {"split": "train", "example_id": i, "label": "yes", "text": f"film {i}", "human_disagreement": i / 10}
        for i in range(40)
    ]
    write_task(root, "films", CLASSES, examples)
    write_trials(
        root,
        {"films": CLASSES},
        [
            {
                "task": "films",
                "model": "net",
                "method": method,
                "sparsity": sparsity,
                "seed": seed,
                "split": "train",
                "example_id": i,
                "label": said if i == 0 else "yes",
                "el2n": (40 - i) / 40,
            }
            for (method, sparsity), words in VOTES.items()
            for seed, said in enumerate(words.split())
            for i in range(40)
        ],
    )
    return root


def test_a_life_has_votes_seeds_and_turns(films: Path) -> None:
    """Votes with the seeds for them, where each method leaves the dense vote, and whether it comes back."""
    found = example(connect(films), Address.parse("films:train:0"))
    assert (found.text, found.gold, found.disagreement) == ("film 0", ("yes",), 0.0)
    (life,) = found.lives
    assert life.dense == Answer(method="dense", sparsity=0.0, vote=("yes",), votes=(2,), seeds=3, differs=None)
    said = {(one.method, one.sparsity): (one.vote, one.votes, one.differs) for one in life.answers}
    assert said == {
        ("imp-ft", 0.2): (("yes",), (3,), False),
        ("imp-ft", 0.5): (("no",), (2,), True),
        ("imp-ft", 0.9): (("yes",), (2,), False),
        ("mp-ai", 0.9): (("yes",), (3,), False),
        ("rp-ai", 0.2): (("yes",), (2,), False),
        ("rp-ai", 0.5): (("no",), (3,), True),
        ("rp-ai", 0.9): (("no",), (2,), True),
    }
    assert {one.method: (one.flips_at, one.flips_back_at) for one in life.turns} == {
        "imp-ft": (0.5, 0.9),
        "mp-ai": (None, None),
        "rp-ai": (0.5, None),
    }


@pytest.mark.parametrize("number", [0, 1, 2, 20, 39])
def test_the_bin_is_that_of_the_view(films: Path, number: int) -> None:
    """Forty distinct scores fill twenty bins with two each, and the view's bin of that number holds the score."""
    connection = connect(films)
    (life,) = example(connection, Address(task="films", split="train", example_id=number)).lives
    assert life.el2n == pytest.approx((40 - number) / 40)
    assert life.bin == 20 - number // 2
    query = "SELECT DISTINCT bin FROM el2n_bins WHERE low <= $score AND $score <= high"
    assert connection.execute(query, {"score": life.el2n}).fetchall() == [(life.bin,)]


@pytest.mark.parametrize(
    ("differs", "expected"),
    [
        ([False, False, False], (None, None)),
        ([True, True, True], (0.2, None)),
        ([False, True, True], (0.5, None)),
        ([True, False, True], (0.2, 0.5)),
        ([False, True, False], (0.5, 0.9)),
        ([None, None, None], (None, None)),
    ],
)
def test_turns(differs: list[bool | None], expected: tuple[float | None, float | None]) -> None:
    """The first sparsity whose vote differs, and the first after it that does not."""
    answers = [answer(sparsity, differs=one) for sparsity, one in zip((0.2, 0.5, 0.9), differs, strict=True)]
    assert turn("imp-ft", answers) == VoteChange(method="imp-ft", flips_at=expected[0], flips_back_at=expected[1])


def test_label_sets_and_a_hostile_text(store: Path) -> None:
    """Multi-label votes are lists, each class with its seeds; a text comes out as it is."""
    connection = connect(store)
    found = example(connection, Address.parse("topics:test:3"), "bilstm")
    rows = connection.execute("FROM majority_vote WHERE task = 'topics' AND example_id = 3").fetchall()
    assert len(found.lives[0].answers) == len(rows) - 1
    for one in (found.lives[0].dense, *found.lives[0].answers):
        assert one is not None
        assert len(one.vote) == len(one.votes)
        assert all(2 * count > one.seeds for count in one.votes)
    hostile = example(connection, Address.parse("reviews:test:0"))
    assert hostile.text is not None
    assert hostile.text.startswith("</script>")
    assert all(one.differs for one in hostile.lives[0].answers)
    assert {one.flips_at for one in hostile.lives[0].turns} == {0.5}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("reviews:test", "write TASK:SPLIT:ID"),
        ("reviews:test:first", "write TASK:SPLIT:ID"),
        ("review:test:0", "unknown task 'review', did you mean 'reviews'?; allowed: reviews, topics"),
        ("reviews:tets:0", "no split 'tets', did you mean 'test'?; it has test"),
        ("reviews:test:30", "no example 30; its 30 ids lie between 0 and 29, the nearest are 28 and 29"),
        (f"reviews:test:{10**12}", "the nearest are 28 and 29"),
    ],
)
def test_an_unknown_example_is_named_with_what_there_is(store: Path, address: str, said: str) -> None:
    """Every wrong part of an address gets its own message."""
    with pytest.raises(ExampleError) as caught:
        example(connect(store), Address.parse(address))
    assert said in str(caught.value)


def test_an_unknown_model_is_named(store: Path) -> None:
    """A model that voted on no such example is refused with those that did."""
    with pytest.raises(ExampleError, match="unknown model 'bert'; allowed: bilstm"):
        example(connect(store), Address.parse("reviews:test:0"), "bert")
