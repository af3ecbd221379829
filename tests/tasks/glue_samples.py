"""Small copies of GLUE's tasks in the forms that go round: original files of tabs, and what `datasets` saves."""

from __future__ import annotations

from pathlib import Path

import datasets

from tasks.glue import JUDGEMENTS, Judgement

BY_NAME = {one.name: one for one in JUDGEMENTS}
TRAIN, DEV = 40, 12


def rows_of(one: Judgement) -> dict[str, list[tuple[list[str], str]]]:
    """Texts and label of every row of every file: with quotes that pair up with nothing, and a blank at an end."""
    marks = list(one.original.classes) or ["0.000", "2.750", "5.000"]
    return {
        part: [
            (
                [f'"{part} {number} of {column} says "so ' for column in one.original.texts],
                marks[number * 5 // 3 % len(marks)],
            )
            for number in range(TRAIN if part == "train" else DEV)
        ]
        for part in one.original.parts
    }


def write_tsv(folder: Path, one: Judgement) -> Path:
    """The original files: tabs, no quoting, a heading with columns that nobody reads unless the files have none."""
    folder.mkdir(parents=True, exist_ok=True)
    heading = list(one.original.columns or ("index", *one.original.texts, "promptID", one.original.label))
    for part, rows in rows_of(one).items():
        lines = [] if one.original.columns else ["\t".join(heading)]
        for number, (texts, label) in enumerate(rows):
            cells = dict(zip(one.original.texts, texts, strict=True)) | {one.original.label: label}
            lines.append("\t".join(cells.get(name, str(number)) for name in heading))
        (folder / f"{part}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def as_datasets(one: Judgement, *, permuted: bool = False) -> datasets.DatasetDict:
    """What the hub has of the same rows. permuted: its classes in another order."""
    known = list(one.original.classes)
    names = list(one.original.classes.values())
    order = names[::-1] if permuted else names
    label = datasets.ClassLabel(names=order) if names else datasets.Value("float32")
    features = datasets.Features(
        {**{name: datasets.Value("string") for name in one.original.hub_texts}, "label": label}
    )
    return datasets.DatasetDict(
        {
            one.original.parts[part]: datasets.Dataset.from_dict(
                {
                    **{name: [row[0][at] for row in rows] for at, name in enumerate(one.original.hub_texts)},
                    "label": [order.index(names[known.index(row[1])]) if names else float(row[1]) for row in rows],
                },
                features=features,
            )
            for part, rows in rows_of(one).items()
        }
    )
