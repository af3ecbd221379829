"""The figures of one task and model each: what they draw is what the public views say."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis.figures import FIGURES, readability
from analysis.figures.drawing import Drawing
from analysis.figures.style import png, svg
from analysis.readability import ensure_scores
from analysis.relations.database import connect
from analysis.results import Results
from analysis.statistics.readability_ratios import ratios
from tests.analysis.stores import write_task, write_trials

CLASSES = {"films": ["bad", "good"], "news": ["earn", "acq", "grain", "never"]}
CELLS = [("dense", 0.0), *((method, sparsity) for method in ("imp-ft", "rp-ai") for sparsity in (0.5, 0.9, 0.99))]
EXAMPLES = 60
WORDS = ("it", "was", "an", "extraordinarily", "tedious", "film", "and", "nobody", "understood", "a", "word")
PLACES = {("films", "bilstm"), ("news", "bilstm")}


def examples(task: str, chance: random.Random) -> list[dict[str, object]]:
    """Training and test examples with texts of several lengths."""
    found: list[dict[str, object]] = []
    for split in ("train", "test"):
        for number in range(EXAMPLES):
            names = [name for name in CLASSES[task][:3] if chance.random() < 0.4] or [CLASSES[task][0]]
            answer = {"label": CLASSES[task][number % 2]} if task == "films" else {"labels": "|".join(names)}
            text = " ".join(chance.choice(WORDS) for _ in range(chance.randint(4, 20))) + "."
            found.append({"split": split, "example_id": number, **answer, "text": text})
    return found


def predictions(task: str, rows: list[dict[str, object]], chance: random.Random) -> Iterator[dict[str, object]]:
    """Answers that are wrong the more often the more is removed, and the harder an example is."""
    for method, sparsity in CELLS:
        for seed in range(3):
            for row in rows:
                hard = int(str(row["example_id"])) / EXAMPLES
                wrong = chance.random() < 0.05 + hard * sparsity
                cell = {"task": task, "model": "bilstm", "method": method, "sparsity": sparsity, "seed": seed}
                score = str(round(hard, 1)) if row["split"] == "train" else ""
                place = {"split": row["split"], "example_id": row["example_id"], "el2n": score}
                if task == "films":
                    names = CLASSES["films"]
                    answer = {"label": names[1 - names.index(str(row["label"]))] if wrong else row["label"]}
                else:
                    answer = {"labels": "grain" if wrong else row["labels"]}
                yield cell | place | answer


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A store with texts, EL2N and readability scores, opened."""
    root, chance = tmp_path_factory.mktemp("figures") / "store", random.Random(5)
    for task, classes in CLASSES.items():
        rows = examples(task, chance)
        write_task(root, task, classes, rows)
        write_trials(root, CLASSES, predictions(task, rows, chance))
    ensure_scores(root, lambda *_: None, jobs=1)
    return Results(connect(root), root)


def drawn(results: Results, name: str) -> dict[tuple[str, ...], Figure]:
    """The figures of one kind by task and model."""
    return dict(FIGURES[name].draw(results))


def panels(figure: Figure) -> dict[str, Axes]:
    """The panels by title."""
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_visible()}


def points(axes: Axes, marker: str) -> list[list[tuple[float, float]]]:
    """The points of every line with this marker."""
    return [
        [(float(x), float(y)) for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]
        for line in axes.lines
        if line.get_marker() == marker
    ]


@pytest.mark.parametrize("name", ["accuracy_on_pies", "class_distribution", "el2n_bins", "readability"])
def test_one_picture_for_each_task_and_model(results: Results, name: str) -> None:
    """Each is drawn, named after its place, well-formed in both formats, and one of them the same again."""
    pictures = list(FIGURES[name].pictures(name, results))
    assert {picture.place for picture in pictures} == PLACES
    assert [picture.name for picture in pictures] == [f"{name}-films-bilstm", f"{name}-news-bilstm"]
    drawn, _ = (svg(picture.figure) for picture in pictures)
    again = next(FIGURES[name].pictures(name, results))
    assert svg(again.figure) == drawn
    assert all(png(picture.figure).startswith(b"\x89PNG") for picture in pictures)


def test_bins_are_drawn_by_method_and_sparsity(results: Results) -> None:
    """Every line of a method's panel has the rates of PIEs of halves of one sparsity over the bins with examples."""
    figure = drawn(results, "el2n_bins")["films", "bilstm"]
    for method, title in (("imp-ft", "IMP-FT"), ("rp-ai", "RP-AI")):
        rows = [r for r in results.el2n_bins if r["task"] == "films" and r["method"] == method]
        expected = [
            [(row["bin"], row["halves_rate"]) for row in rows if row["sparsity"] == sparsity]
            for sparsity in (0.5, 0.9, 0.99)
        ]
        lines = [found for marker in ("o", "s", "^") for found in points(panels(figure)[title], marker)]
        assert lines == expected
        assert {row["split"] for row in rows} == {"train"}


def test_classes_stand_by_falling_frequency(results: Results) -> None:
    """Bars are the shares of all examples, markers those of PIEs of halves; a class without examples has no place."""
    figure = drawn(results, "class_distribution")["news", "bilstm"]
    axes = panels(figure)["RP-AI"]
    heights = [bar.get_height() for bar in axes.patches if isinstance(bar, Rectangle)]
    assert heights == sorted(heights, reverse=True)
    names = [label.get_text() for label in axes.get_xticklabels()]
    rows = {r["class"]: r for r in results.class_distribution if (r["task"], r["method"], r["sparsity"]) == (
        "news", "rp-ai", 0.99)}  # fmt: skip
    assert names == sorted((n for n in rows if rows[n]["examples"]), key=lambda n: -rows[n]["examples"])
    assert "never" not in names
    assert heights == [rows[name]["share"] for name in names]
    assert points(axes, "D") == [[(i, rows[name]["halves_share"]) for i, name in enumerate(names)]]


def test_accuracy_is_by_the_published_estimator(results: Results) -> None:
    """Single-label panels show the votes' accuracy, multi-label ones the mean over seeds, for both sides."""
    for task, estimator in (("films", "majority-vote"), ("news", "seed-mean")):
        axes = panels(drawn(results, "accuracy_on_pies")[task, "bilstm"])["IMP-FT"]
        for subset, marker in (("all", "o"), ("pies", "D")):
            rows = [
                row
                for row in results.accuracy_on_pies
                if (row["task"], row["method"], row["estimator"], row["subset"]) == (task, "imp-ft", estimator, subset)
            ]
            assert points(axes, marker) == [
                [(i, row[side]) for i, row in enumerate(rows) if row[side] is not None] for side in ("dense", "pruned")
            ]


def test_readability_has_a_line_at_one_and_the_mean_of_the_methods(results: Results) -> None:
    """Eight panels; the thick line is the mean over the methods that have a ratio."""
    found = panels(drawn(results, "readability")["films", "bilstm"])
    assert list(found) == list(readability.TITLES.values())
    rows = [r for r in ratios(results) if (r["task"], r["score"]) == ("films", "tokens")]
    (mean,) = (line for line in found["Length in tokens"].lines if line.get_color() == readability.MEAN)
    for at, sparsity in enumerate((0.5, 0.9, 0.99)):
        own = [row["halves_ratio"] for row in rows if row["sparsity"] == sparsity and row["ratio"] is not None]
        assert mean.get_ydata()[at] == pytest.approx(np.mean(own))
    assert any(set(line.get_ydata()) == {1} for line in found["Length in tokens"].lines)


def test_names_of_files_are_harmless_and_differ() -> None:
    """Whatever tasks and models are called, a picture's name is one of a file, and no two are the same."""
    places = [("a/b", "x"), ("a_b", "x"), ("A_B", "x"), ("..", "\x00"), ("t" * 300, "m")]
    drawing = Drawing(title="", caption="", views=(), draw=lambda _: iter([(place, Figure()) for place in places]))
    names = [picture.name for picture in drawing.pictures("kind", Results(connection=None))]
    assert len({name.lower() for name in names}) == len(places)
    assert all(
        name.startswith("kind-") and set(name) <= set("abcdefghijklmnopqrstuvwxABm-_.0123456789") for name in names
    )
    assert max(map(len, names)) <= 104
