"""The figures of quality that Ren and Zhu 2023 print, theirs and quoted ones, and those of Kurtic et al. 2022."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

FOLDER = Path(__file__).parent
FILES = ("pins_tables.csv", "obert_tables.csv")
REFERENCE = "Ren and Zhu 2023"
FURTHER = "Kurtic et al. 2022"
"""Whose rows stand below those of the tables of REFERENCE, and have no method of METHODS behind them."""
OF_FURTHER = ((1, "glue/mnli"), (1, "glue/qqp"), (2, "squad"))
"""Tables of REFERENCE, and their tasks, that rows of FURTHER stand in."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What stands behind the rows of a source: without it a difference between two rows is no finding.

    seeds: of each figure; None where nobody says. epochs, teacher: what was trained for how long, from what. counted:
    of what the sparsity is a share. chosen: which of the networks of a training is reported.
    """

    seeds: int | None
    epochs: str
    teacher: str
    counted: str
    chosen: str


_ENCODER = "the 72 matrices of the encoder (85.0 million weights)"
_OBERT = Budget(
    seeds=3,
    epochs="30",
    teacher="distilled from the fine-tuned dense model (its recipe for SQuAD: from its outputs alone, no labels)",
    counted=_ENCODER,
    chosen="not said; the sparsity is reached four epochs before the end (its recipe for SQuAD)",
)
BUDGETS: dict[str, Budget] = {
    REFERENCE: Budget(
        seeds=5,
        epochs="20 on RTE; of the other tasks not said",
        teacher="PINS: the best network of the training so far, of any sparsity; the others none",
        counted=f"{_ENCODER} and their biases",
        chosen="text: by a slice of train; code: the best of all looks at the dev set that is reported, once within a "
        "point of the sparsity",
    ),
    "Zhang et al. 2022": Budget(
        seeds=1,
        epochs="RTE 20, CoLA, STS-B 15, MRPC, QNLI, QQP, SQuAD 10, MNLI 8, SST-2 6, with Adamax at 8e-5 to 1e-4 "
        "(SQuAD: AdamW at 3e-5)",
        teacher="none",
        counted=f"PLATON: {_ENCODER} and their biases; of the others not said",
        chosen="the best of all looks at the dev set that is reported; beta2 of PLATON by task and sparsity",
    ),
    "Li et al. 2022": Budget(
        seeds=None,
        epochs="20",
        teacher="none",
        counted="every linear layer, the pooler and the classifier too, matrix by matrix",
        chosen="the best epoch on the set that is reported, once at the sparsity",
    ),
    f"{FURTHER}, 30 epochs": _OBERT,
    f"{FURTHER}, 10 epochs": replace(_OBERT, epochs="10", chosen="not said"),
}
"""Source -> its budget, as papers and their code say it."""


@dataclass(frozen=True, kw_only=True)
class PublishedQuality:
    """One printed figure: where it stands, and what it is of, by our names.

    text: as printed. source: whose figure it is, one of BUDGETS. doubt: why it is not to be trusted.
    """

    table: int
    row: str
    column: str
    source: str
    task: str
    model: str
    method: str
    sparsity: float
    metric: str
    text: str
    doubt: str

    @property
    def value(self) -> float | None:
        """As a number; None where it is not known which of two it is."""
        try:
            return float(self.text)
        except ValueError:
            return None


def published() -> list[PublishedQuality]:
    """Every figure, in the order of the tables, those of FURTHER last."""
    return [one for file in FILES for one in _read(file)]


def _read(file: str) -> Iterator[PublishedQuality]:
    with (FOLDER / file).open(newline="", encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            yield PublishedQuality(
                table=int(row["table"]),
                row=row["row"],
                column=row["column"],
                source=row["source"],
                task=row["task"],
                model=row["model"],
                method=row["method"],
                sparsity=float(row["sparsity"]),
                metric=row["metric"],
                text=row["published"],
                doubt=row["doubt"],
            )
