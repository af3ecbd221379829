"""GLUE: eight tasks of judging one sentence or two (Wang et al. 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.base import Split, Task, TaskData
from tasks.columns import TEXTS
from tasks.examples import examples_table, lacking, take
from tasks.glue_files import HUB, Original, Rows, read_copy
from tasks.held_out import text_ids
from tasks.kinds.single_label import PART
from tasks.metric_choice import BY_PART
from tasks.splitting import stratified_split

HELD_OUT = 0.1
"""The share of train that is the validation split, at most: where the official dev set is smaller, as many as that."""
MAX_TOKENS = 128
YES_NO = {"entailment": "entailment", "not_entailment": "not_entailment"}
NLI = {name: name for name in ("entailment", "neutral", "contradiction")}
SENTENCES = ("sentence1", "sentence2")
ASKED = {"dev_matched": "validation_matched", "dev_mismatched": "validation_mismatched"}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """One of the eight: how it is written, how many rows its files have, what it is called, and whose it is."""

    original: Original
    rows: Mapping[str, int]
    title: str
    licence: str
    reference: str
    metrics: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"glue/{self.original.config}"

    @property
    def kind(self) -> str:
        return "single-label" if self.original.classes else "regression"

    @property
    def sizes(self) -> dict[Split, int]:
        test = sum(count for part, count in self.rows.items() if part != "train")
        held = held_out(self.rows["train"], test)
        return {"train": self.rows["train"] - held, "validation": held, "test": test}

    def load(self, data: Path | None = None, *, whole: bool = False) -> TaskData:
        """The official dev set as test, in file order; of train as many rows as that, at most a tenth, as validation.

        These have each class's share, by a hash of their texts: no seed, and the same from every copy. whole: without
        any. Where there are two dev files, the column `part` tells their rows apart.
        """
        read = read_copy(self.original, data)
        train, tests = read["train"], [rows for part, rows in read.items() if part != "train"]
        columns = self._columns({"train": train})
        test = self._columns({part.removeprefix("dev_"): rows for part, rows in read.items() if part != "train"})
        parts: dict[Split, Any] = {"train": columns}
        if not whole:
            count = held_out(len(train.labels), sum(len(one.labels) for one in tests))
            strata = train.labels.to_numpy().astype(np.int64) * bool(self.original.classes)
            wanted: dict[Split, int] = {"train": len(strata) - count, "validation": count}
            rows = stratified_split(text_ids(columns), strata, wanted)
            parts = {split: take(columns, chosen) for split, chosen in rows.items()}
        return TaskData(
            task=self.name,
            kind=self.kind,
            inputs="text" if len(self.original.texts) == 1 else "pair",
            classes=tuple(self.original.classes.values()),
            max_tokens=MAX_TOKENS,
            examples=examples_table({**parts, "test": test}),
            note=self._note(read, whole=whole),
        )

    def _columns(self, files: Mapping[str, Rows]) -> dict[str, pa.Array]:
        texts = zip(TEXTS, zip(*(rows.texts for rows in files.values()), strict=True), strict=False)
        gold = "label" if self.original.classes else "gold_value"
        columns = {name: pa.concat_arrays(one) for name, one in texts}
        columns[gold] = pa.concat_arrays([rows.labels for rows in files.values()])
        if len(self.original.parts) > 2:
            columns[PART] = pa.array([part for part, rows in files.items() for _ in range(len(rows.labels))])
        return columns

    def _note(self, read: Mapping[str, Rows], *, whole: bool) -> str:
        notes = [
            f"{rows.cut} lines of {part}.tsv lack cells and are left out" for part, rows in read.items() if rows.cut
        ]
        notes += lacking({part: len(rows.labels) for part, rows in read.items()}, self.rows)
        if whole:
            notes.append("all of train is trained on, nothing is held out (validation: 0)")
        return "; ".join(notes)


def held_out(train: int, test: int) -> int:
    """Rows of train that are the validation split."""
    return min(round(HELD_OUT * train), test)


JUDGEMENTS = (
    Judgement(
        original=Original(
            folder="CoLA",
            texts=("sentence",),
            label="label",
            config="cola",
            hub_texts=("sentence",),
            classes={"0": "unacceptable", "1": "acceptable"},
            columns=("source", "label", "mark", "sentence"),
        ),
        rows={"train": 8551, "dev": 1043},
        title="Whether a sentence is acceptable (GLUE, CoLA)",
        licence="none stated; published texts, used as fair use",
        reference="Warstadt et al. 2019, Neural Network Acceptability Judgments, TACL",
        metrics=("matthews", "accuracy"),
    ),
    Judgement(
        original=Original(
            folder="SST-2",
            texts=("sentence",),
            label="label",
            config="sst2",
            hub_texts=("sentence",),
            classes={"0": "negative", "1": "positive"},
        ),
        rows={"train": 67_349, "dev": 872},
        title="Sentiment of a film review's sentence (GLUE, SST-2)",
        licence="none stated",
        reference="Socher et al. 2013, Recursive Deep Models for Semantic Compositionality, EMNLP",
    ),
    Judgement(
        original=Original(
            folder="MRPC",
            texts=("#1 String", "#2 String"),
            label="Quality",
            config="mrpc",
            hub_texts=SENTENCES,
            classes={"0": "not_equivalent", "1": "equivalent"},
        ),
        rows={"train": 3668, "dev": 408},
        title="Whether two sentences of news say the same (GLUE, MRPC)",
        licence="Microsoft Research Paraphrase Corpus: its own terms, for research",
        reference="Dolan and Brockett 2005, Automatically Constructing a Corpus of Sentential Paraphrases, IWP",
        metrics=("f1:equivalent", "accuracy"),
    ),
    Judgement(
        original=Original(
            folder="QQP",
            texts=("question1", "question2"),
            label="is_duplicate",
            config="qqp",
            hub_texts=("question1", "question2"),
            classes={"0": "not_duplicate", "1": "duplicate"},
        ),
        rows={"train": 363_846, "dev": 40_430},
        title="Whether two questions ask the same (GLUE, QQP)",
        licence="Quora's terms: non-commercial use",
        reference="Wang et al. 2019, GLUE, ICLR (Quora Question Pairs)",
        metrics=("accuracy", "f1:duplicate"),
    ),
    Judgement(
        original=Original(
            folder="STS-B", texts=SENTENCES, label="score", config="stsb", hub_texts=SENTENCES, classes={}
        ),
        rows={"train": 5749, "dev": 1500},
        title="How alike two sentences are, from 0 to 5 (GLUE, STS-B)",
        licence="scores CC BY-SA 4.0; texts under several licences",
        reference="Cer et al. 2017, SemEval-2017 Task 1, SemEval",
    ),
    Judgement(
        original=Original(
            folder="MNLI",
            texts=SENTENCES,
            label="gold_label",
            config="mnli",
            hub_texts=("premise", "hypothesis"),
            classes=NLI,
            parts={"train": "train", **ASKED},
        ),
        rows={"train": 392_702, "dev_matched": 9815, "dev_mismatched": 9832},
        title="Natural language inference in many genres (GLUE, MNLI)",
        licence="OANC, CC BY-SA 3.0, CC BY 3.0 and others by genre",
        reference="Williams et al. 2018, A Broad-Coverage Challenge Corpus for Sentence Understanding, NAACL",
        metrics=(BY_PART, "accuracy"),
    ),
    Judgement(
        original=Original(
            folder="QNLI",
            texts=("question", "sentence"),
            label="label",
            config="qnli",
            hub_texts=("question", "sentence"),
            classes=YES_NO,
        ),
        rows={"train": 104_743, "dev": 5463},
        title="Whether a sentence answers a question (GLUE, QNLI)",
        licence="CC BY-SA 4.0 (made of SQuAD)",
        reference="Wang et al. 2019, GLUE, ICLR; Rajpurkar et al. 2016",
    ),
    Judgement(
        original=Original(
            folder="RTE", texts=SENTENCES, label="label", config="rte", hub_texts=SENTENCES, classes=YES_NO
        ),
        rows={"train": 2490, "dev": 277},
        title="Recognising textual entailment (GLUE, RTE)",
        licence="none stated; for research",
        reference="Wang et al. 2019, GLUE, ICLR (RTE 1, 2, 3 and 5)",
    ),
)


def _task(one: Judgement) -> Task:
    files = ", ".join(f"{part}.tsv" for part in one.original.parts)
    return Task(
        name=one.name,
        title=one.title,
        kind=one.kind,
        inputs="text" if len(one.original.texts) == 1 else "pair",
        classes=tuple(one.original.classes.values()),
        sizes=one.sizes,
        max_tokens=MAX_TOKENS,
        needs_data=False,
        source=f"`datasets` name {HUB}, config {one.original.config}, or your copy of GLUE's original {files}; "
        "the official dev set is test, and of train a tenth, at most as many, is validation",
        licence=one.licence,
        reference=one.reference,
        load=one.load,
        load_whole=partial(one.load, whole=True),
        hub=HUB,
        metrics=one.metrics,
    )


TASKS: dict[str, Task] = {one.name: _task(one) for one in JUDGEMENTS}
