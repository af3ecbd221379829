"""A table as Markdown, CSV or LaTeX."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from html import escape

from analysis.tables.table import Mark, Table, Value
from runner.printable import no_formula, printable

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "\N{EN DASH}": r"--",
}
_MARKDOWN = re.compile(r"[\\`*_\[\]|~$]")
SIGNS: dict[Mark, str] = {"worst": "▾", "better": "▴", "incomplete": "†", "undefined": "‡"}


def markdown(table: Table) -> str:
    """A GitHub table; bold is the mark `best`, the others are signs behind the number."""
    names = [*table.keys, *(f"{column} {part}".strip() for column in table.columns for part in table.parts)]
    heads = [in_markdown(name) for name in names]
    rows = [
        [*map(in_markdown, line.keys), *(_marked(value) for group in line.values for value in group)]
        for line in table.lines
    ]
    align = ["---"] * len(table.keys) + ["---:"] * (len(heads) - len(table.keys))
    body = ["| " + " | ".join(row) + " |" for row in [heads, *rows]]
    body.insert(1, "| " + " | ".join(align) + " |")
    return f"## {table.title}\n\n{table.caption}\n\n" + "\n".join(body) + f"\n\n{legend(table)}\n"


def plain_text(table: Table) -> str:
    """Columns of equal width for a terminal, one block for each task and model."""
    place = table.heading_keys
    heads = [*table.keys[place:], *(f"{column} {part}".strip() for column in table.columns for part in table.parts)]
    blocks = [
        (key, [[*line.keys[place:], *(_signed(value) for group in line.values for value in group)] for line in lines])
        for key, lines in table.blocks
    ]
    rows = [heads, *(row for _, block in blocks for row in block)]
    widths = [max(len(printable(row[number])) for row in rows) for number in range(len(heads))]
    named = len(table.keys) - place

    def line(row: list[str]) -> str:
        cells = [
            text.ljust(width) if number < named else text.rjust(width)
            for number, (text, width) in enumerate(zip(map(printable, row), widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    parts = [printable(f"{table.title}. {table.caption}")]
    for key, block in blocks:
        parts.append("\n".join(filter(None, [printable(" · ".join(key)), line(heads), *map(line, block)])))
    return "\n\n".join([*parts, *filter(None, [_legend(table, {"best": "*", **SIGNS})])]) + "\n"


def csv_text(table: Table) -> str:
    """The full numbers, one row a cell: what to compute with. No text is a formula to a spreadsheet."""
    out = io.StringIO()
    if table.records:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([no_formula(name) for name in table.records[0]])
        writer.writerows([_plain(value) for value in record.values()] for record in table.records)
    return out.getvalue()


def latex(table: Table) -> str:
    r"""A booktabs table; needs \usepackage{booktabs} and, for the colours, \usepackage[table]{xcolor}."""
    width = len(table.parts)
    heads = [rf"\multicolumn{{{width}}}{{c}}{{{_in_latex(column)}}}" for column in table.columns]
    names = [_in_latex(key) for key in table.keys]
    head = [" & ".join([*names, *heads]) + r" \\"]
    if width > 1:
        head.append(
            " & ".join([*[""] * len(names), *(_in_latex(part) for _ in table.columns for part in table.parts)]) + r" \\"
        )
    blocks = [
        "\n".join(
            " & ".join([*map(_in_latex, line.keys), *(_latex_value(v) for group in line.values for v in group)])
            + r" \\"
            for line in block
        )
        for _, block in table.blocks
    ]
    notes = f"{table.caption} {_legend(table, {'best': 'bold', **_LATEX_SIGNS})}".strip()
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_in_latex(notes)}}}",
            rf"\label{{tab:{table.name}}}",
            rf"\begin{{tabular}}{{{'l' * len(names)}{'r' * width * len(heads)}}}",
            r"\toprule",
            *head,
            r"\midrule",
            "\n\\midrule\n".join(blocks),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


TABLE_FORMATS: dict[str, Callable[[Table], str]] = {"md": markdown, "csv": csv_text, "tex": latex}
_LATEX_SIGNS: dict[Mark, str] = {
    "worst": "italic",
    "better": "underlined",
    "incomplete": "dagger",
    "undefined": "double dagger",
}


def legend(table: Table) -> str:
    """What the marks of a table mean, as one line."""
    return _legend(table, {"best": "bold", **SIGNS})


def _legend(table: Table, signs: dict[Mark, str]) -> str:
    return "; ".join(f"{signs[mark]}: {meaning}" for mark, meaning in table.marks.items())


def signs(value: Value) -> str:
    """The signs behind a number."""
    return "".join(sign for mark, sign in SIGNS.items() if mark in value.marks)


def _signed(value: Value) -> str:
    return value.text + ("*" if "best" in value.marks else "") + signs(value)


def _marked(value: Value) -> str:
    text = in_markdown(value.text)
    text = f"**{text}**" if "best" in value.marks else text
    return f"{text} {signs(value)}".strip()


def in_markdown(text: str) -> str:
    """A text of one line of which nothing is taken for Markdown, HTML or mathematics."""
    return _MARKDOWN.sub(r"\\\g<0>", escape(printable(text), quote=False))


def _in_latex(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in printable(text))


def _latex_value(value: Value) -> str:
    text = _in_latex(value.text)
    for mark, command in (("best", "textbf"), ("worst", "textit"), ("better", "underline")):
        if mark in value.marks:
            text = rf"\{command}{{{text}}}"
    daggers = {"incomplete": r"$^\dagger$", "undefined": r"$^\ddagger$"}
    return text + "".join(sign for mark, sign in daggers.items() if mark in value.marks)


def _plain(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, list) else no_formula(value)
