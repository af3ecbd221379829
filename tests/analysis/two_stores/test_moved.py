"""Two stores side by side: examples by content, classes by name, what cannot be compared, and the verb."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis.relations.snapshot import Snapshot
from analysis.two_stores.matching import CompareError
from analysis.two_stores.moved import Moved, compare_stores
from analysis.two_stores.opened import opened
from runner.command_line import app
from tests.analysis.picture_stores import write_pictures
from tests.analysis.stores import write_task, write_trials

TEXTS = [f"text {number}" for number in range(24)]


def store(root: Path, texts: list[str], harmed: Collection[str] = frozenset(), **choices: Any) -> Path:
    """Five seeds of dense and pruned models that answer every text right, but pruned ones none of the harmed.

    choices: classes (in which order), gold (text -> label), seeds, task, model.
    """
    chosen: dict[str, Any] = {
        "classes": ["no", "yes"],
        "gold": {},
        "seeds": 5,
        "task": "films",
        "model": "net",
    } | choices
    gold = [chosen["gold"].get(text, ("no", "yes")[TEXTS.index(text) % 2]) for text in texts]
    examples = [{"split": "test", "example_id": i, "label": gold[i], "text": text} for i, text in enumerate(texts)]
    write_task(root, chosen["task"], chosen["classes"], examples)
    turned = {"no": "yes", "yes": "no"}
    rows = [
        {"task": chosen["task"], "model": chosen["model"], "method": method, "sparsity": sparsity, "seed": seed}
        | {"split": "test", "example_id": i}
        | {"label": turned.get(gold[i], "no") if text in harmed and sparsity else gold[i]}
        for method, sparsity in (("dense", 0.0), ("imp-ft", 0.9))
        for seed in range(chosen["seeds"])
        for i, text in enumerate(texts)
    ]
    write_trials(root, {chosen["task"]: chosen["classes"]}, rows)
    return root


def compared(one: Path, other: Path) -> Moved:
    """What moved between two folders."""
    with opened(one) as mine, opened(other) as theirs:
        return compare_stores(mine, theirs)


def test_examples_are_matched_by_content(tmp_path: Path) -> None:
    """Another order of examples and classes, twice the same text, texts that one store lacks."""
    one = store(tmp_path / "one", [*TEXTS[:20], TEXTS[3]], {TEXTS[3]})
    other = store(tmp_path / "other", TEXTS[:1:-1], {TEXTS[3], TEXTS[4]}, classes=["yes", "no"])
    found = compared(one, other)
    (task,) = found.tasks
    assert (task.examples, task.alone, task.other_alone, task.relabelled) == (18, 3, 4, 0)
    dense, pruned = found.cells
    assert (dense["method"], dense["effectiveness"], dense["changed"]) == ("dense", 1.0, 0.0)
    assert (pruned["pie_rate"], pruned["other_pie_rate"]) == pytest.approx((1 / 18, 2 / 18))
    assert pruned["changed"] == pytest.approx(1 / 18)
    assert [row["text"] for row in found.examples] == [TEXTS[4]]
    assert found.examples[0]["changed_cells"] == 1
    assert pruned["changed_corrected_p"] <= 0.05


def test_another_label_is_another_example(tmp_path: Path) -> None:
    """A text whose label differs is left out and counted."""
    one = store(tmp_path / "one", TEXTS)
    other = store(tmp_path / "other", TEXTS, gold={TEXTS[0]: "yes"})
    (task,) = compared(one, other).tasks
    assert (task.examples, task.alone, task.other_alone, task.relabelled) == (23, 1, 1, 1)


def test_label_sets(tmp_path: Path) -> None:
    """Codes of label sets mean the same on both sides, whatever the order of the classes."""
    random = np.random.default_rng(1)
    for name, classes in (("one", ["a", "b", "c"]), ("other", ["c", "a", "b"])):
        gold = [["a"], ["b", "c"], [], ["a", "c"]] * 5
        examples = [
            {"split": "test", "example_id": i, "labels": "|".join(g), "text": f"t{i}"} for i, g in enumerate(gold)
        ]
        write_task(tmp_path / name, "t", classes, examples)
        rows = [
            {"task": "t", "model": "m", "method": method, "sparsity": sparsity, "seed": seed, "split": "test"}
            | {"example_id": i, "labels": "b" if (name, i, method) == ("other", 2, "imp-ft") else "|".join(g)}
            for method, sparsity in (("dense", 0.0), ("imp-ft", 0.9))
            for seed in range(5)
            for i, g in enumerate(gold)
        ]
        write_trials(tmp_path / name, {"t": classes}, [rows[i] for i in random.permutation(len(rows))])
    found = compared(tmp_path / "one", tmp_path / "other")
    dense, pruned = found.cells
    assert (dense["effectiveness"], dense["other_effectiveness"], dense["changed"]) == (1.0, 1.0, 0.0)
    assert (pruned["pie_rate"], pruned["other_pie_rate"], pruned["changed"]) == pytest.approx((0, 0.05, 0.05))
    assert [row["example_id"] for row in found.examples] == [2]


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ({"task": "books"}, "no task in common: A has films, B has books"),
        ({"model": "other"}, "no model has its dense trials"),
        ({"classes": ["no", "yes", "odd"]}, "the labels differ: A alone has none, B alone 'odd'"),
        ({"texts": ["text 20", "text 21"]}, "none is common"),
        ({"gold": dict.fromkeys(TEXTS[:4], "yes") | {TEXTS[1]: "no", TEXTS[3]: "no"}}, "another label in B"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, choices: dict[str, Any], told: str) -> None:
    """With the reason in one line, and exit code 2."""
    one = store(tmp_path / "one", [TEXTS[0], TEXTS[1], TEXTS[2], TEXTS[3]])
    if "gold" in choices:
        choices["gold"] = {text: {"no": "yes", "yes": "no"}[("no", "yes")[TEXTS.index(text) % 2]] for text in TEXTS[:4]}
    texts = choices.pop("texts", TEXTS[:4])
    other = store(tmp_path / "other", texts, **choices)
    with pytest.raises(CompareError, match=told):
        compared(one, other)
    refused = CliRunner().invoke(app, ["compare", str(one), str(other)])
    assert (refused.exit_code, len(refused.stderr.strip().splitlines())) == (2, 1)


def test_the_verb_says_what_moved(tmp_path: Path) -> None:
    """What is beyond seed noise, and the examples; JSON has the numbers; of few seeds that nothing can be told."""
    one = store(tmp_path / "one", TEXTS)
    other = store(tmp_path / "other", TEXTS, set(TEXTS[:8]))
    few = store(tmp_path / "few", TEXTS, set(TEXTS[:8]), seeds=3)
    told = CliRunner().invoke(app, ["compare", str(one), str(other)])
    assert told.exit_code == 0, told.output
    assert "24 examples in both" in told.stdout
    assert "answers in 1 of 2 cells" in told.stdout
    assert "“text 0”" in told.stdout
    cells = json.loads(CliRunner().invoke(app, ["compare", str(one), str(other), "--json"]).stdout)["cells"]
    assert cells[1]["pie_rate_change"] == pytest.approx(8 / 24)
    little = CliRunner().invoke(app, ["compare", str(one), str(few)])
    assert "nothing can be told apart from seed noise" in little.stdout
    assert "3 of 5, 3" in little.stdout
    same = CliRunner().invoke(app, ["compare", str(one), str(one)])
    assert (same.exit_code, "one store" in same.stderr) == (2, True)


def test_examples_without_a_text_are_told_by_their_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where votes on pictures changed, the words for people say how large each is; JSON has what it had of each; and
    for all of that each store is read once."""
    one, other = (write_pictures(tmp_path / str(broken), broken=broken) for broken in (4, 0))
    read, of = [], Snapshot.of
    monkeypatch.setattr(Snapshot, "of", staticmethod(lambda root, *left: read.append(root) or of(root, *left)))
    told = CliRunner().invoke(app, ["compare", str(one), str(other)])
    assert told.exit_code == 0, told.output
    assert told.stdout.count("  picture of 2 x 2 pixels\n") == 5
    assert "has no text" not in told.stdout
    assert read == [one, other]
    found = json.loads(CliRunner().invoke(app, ["compare", str(one), str(other), "--json"]).stdout)["examples"]
    assert {"picture", "pixels"}.isdisjoint(found[0])
