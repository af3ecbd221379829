"""IMDB: long movie reviews, positive or negative."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np

from tasks.archives import read_files
from tasks.base import Split, Task, TaskData, TaskError
from tasks.examples import examples_table, take
from tasks.hub import arrow_table, is_saved, load_splits

CLASSES = ("negative", "positive")
SIZES: dict[Split, int] = {"train": 20000, "validation": 5000, "test": 25000}
PUBLISHED = {"train": 25000, "test": 25000}
MAX_TOKENS = 512
HUB = "stanfordnlp/imdb"
REVIEW = re.compile(r"(?:^|/)(train|test)/(neg|pos)/\d+_\d+\.txt$")

Reviews = list[tuple[str, int]]


def load(data: Path | None = None) -> TaskData:
    """The labelled reviews as published: 25,000 to train on, of which 5,000 validate, and 25,000 to test.

    Sources order the reviews differently, so the canonical order is by SHA-256 of the text, then by label:
    the same ids whatever the copy. Validation is the first 2,500 reviews of each class of the published training
    split in that order (the paper's own stratified draw is unpublished). Markup stays in the texts.
    """
    published = _local(data) if data is not None and not is_saved(data) else _hub(HUB if data is None else str(data))
    ordered = {split: sorted(reviews, key=_order) for split, reviews in published.items()}
    if {split: len(reviews) for split, reviews in ordered.items()} != PUBLISHED:
        found = ", ".join(f"{split} {len(reviews)}" for split, reviews in ordered.items())
        raise TaskError(f"{data or HUB} holds {found} labelled reviews; the whole data set has {PUBLISHED}")
    return TaskData(
        task="imdb",
        kind="single-label",
        inputs="text",
        classes=CLASSES,
        max_tokens=MAX_TOKENS,
        examples=examples_table({**_with_validation(ordered["train"]), "test": _columns(ordered["test"])}),
    )


def _local(data: Path) -> dict[str, Reviews]:
    found: dict[str, Reviews] = {"train": [], "test": []}
    for name, content in read_files(data, lambda name: REVIEW.search(name) is not None):
        place = REVIEW.search(name)
        assert place is not None  # only such names are read
        found[place[1]].append((content.decode("utf-8"), int(place[2] == "pos")))
    return found


def _hub(name: str) -> dict[str, Reviews]:
    splits = load_splits(name)
    tables = {split: arrow_table(splits[split]) for split in ("train", "test") if split in splits}
    return {
        split: list(zip(table["text"].to_pylist(), table["label"].to_pylist(), strict=True))
        for split, table in tables.items()
    }


def _order(review: tuple[str, int]) -> tuple[bytes, int]:
    text, label = review
    return hashlib.sha256(text.encode()).digest(), label


def _columns(reviews: Reviews) -> dict[str, list[str] | list[int]]:
    return {"text": [text for text, _ in reviews], "label": [label for _, label in reviews]}


def _with_validation(reviews: Reviews) -> dict[Split, dict[str, object]]:
    labels = np.array([label for _, label in reviews])
    held_out = np.concatenate([np.flatnonzero(labels == label)[: SIZES["validation"] // 2] for label in (0, 1)])
    kept = np.setdiff1d(np.arange(len(reviews)), held_out)
    columns = _columns(reviews)
    return {"train": dict(take(columns, kept)), "validation": dict(take(columns, np.sort(held_out)))}


TASK = Task(
    name="imdb",
    title="Sentiment of long movie reviews (IMDB)",
    kind="single-label",
    inputs="text",
    classes=CLASSES,
    sizes=SIZES,
    max_tokens=MAX_TOKENS,
    needs_data=False,
    source="Large Movie Review Dataset v1.0: `datasets` name stanfordnlp/imdb, or the aclImdb folder or archive",
    licence="none stated beyond a request to cite; texts are IMDb users'",
    reference="Maas et al. 2011, Learning Word Vectors for Sentiment Analysis, ACL",
    load=load,
    hub=HUB,
)
