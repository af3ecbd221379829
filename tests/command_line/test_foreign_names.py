"""Names and texts that want to steer: what every verb prints and writes of a store that is full of them."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import re
import xml.etree.ElementTree as ET

import pytest

from analysis.page.packing import unpacked
from runner.printable import STEERING_BLOCK
from runner.store.writer import freeze_plan, record_failure
from tests.analysis import stores
from tests.analysis.stores import write_task, write_trials
from tests.runner.store import samples

MODEL = "=net\x1b]0;owned\x07[red]$\\frac{x$\u202e"
CLASSES = ["=cmd|' /C calc'!A0", "\x1b[31m[link=x]yes_*\x9b\ufffe & <b>|%"]
TEXT = "\x1b[2J\u2066text\x00 [blink]\nline\x85"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Two seeds of three cells; model, classes, texts, a failure and a study's description are hostile."""
    root = tmp_path_factory.mktemp("foreign") / "store"
    examples = [
        {"split": "test", "example_id": number, "label": CLASSES[number % 2], "text": f"{TEXT}{number}"}
        for number in range(6)
    ]
    write_task(root, "films", CLASSES, examples)
    rows = []
    for method, sparsity in (("dense", 0.0), ("imp-ft", 0.5), ("imp-ft", 0.9)):
        for seed in range(2):
            for row in examples:
                wrong = sparsity > row["example_id"] / 6
                label = CLASSES[(row["example_id"] + wrong) % 2]
                cell = {"task": "films", "model": MODEL, "method": method, "sparsity": sparsity, "seed": seed}
                rows.append(cell | {"split": "test", "example_id": row["example_id"], "label": label})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores, "trial_id", identified)
        write_trials(root, {"films": CLASSES}, rows)
    planned = dataclasses.replace(samples.spec(), task="films", model="other\x1b[5m")
    freeze_plan(root, {"description": "\x1b[31m", "name": "study\x1b[1m=x"}, [planned])
    record_failure(root, planned.trial_id, 3, "Traceback\n  ...\nValueError: \x1b]52;c;b3duZWQ=\x07\u202e\n")
    return root


def identified(row):
    """An id as a store's trials have them."""
    return hashlib.sha256(repr((row["method"], row["sparsity"], row["seed"])).encode()).hexdigest()[:16]


CELL = f"films:test:{MODEL}:imp-ft:0.9"
COMMANDS = {
    "sql": ("sql", "{store}", "SELECT * FROM pies JOIN examples USING (task, split, example_id)"),
    "sql json": ("sql", "{store}", "FROM predictions", "--format", "json"),
    "status": ("status", "{store}"),
    "example": ("example", "{store}", "films:test:1"),
    "example json": ("example", "{store}", "films:test:1", "--json"),
    "explain": ("explain", "{store}", CELL),
    "explain view": ("explain", "{store}", "pie_rate"),
    "table": ("table", "{store}", "effectiveness"),
    "table csv": ("table", "{store}", "pie_percent", "--format", "csv"),
    "no table": ("table", "{store}", "\x1b[31mtable"),
    "no example": ("example", "{store}", "films:test:\x1b[31m"),
    "no place": ("status", "{store}\x1b[31m"),
    "no study": ("plan", "quickstart", "\x1b[31mseeds=3"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_verb_lets_a_name_steer_the_terminal(piesweep, foreign, command):
    """Neither what is answered nor what is refused has a control character, or an escape that Rich made of markup."""
    words = [word.replace("{store}", str(foreign)) for word in COMMANDS[command]]
    result = piesweep(*words)
    assert result.exit_code == (2 if command.startswith("no ") else 0), result.output
    assert STEERING_BLOCK.findall(result.stdout + result.stderr) == []
    assert "Traceback (most recent" not in result.stderr


def test_json_has_the_names_as_they_are(piesweep, foreign):
    """What is escaped on the terminal is whole to who reads it."""
    rows = json.loads(piesweep("sql", foreign, "SELECT DISTINCT model FROM trials", "--format", "json").stdout)
    assert rows == [{"model": MODEL}]


def test_csv_has_no_formulas(piesweep, foreign, tmp_path):
    """Texts that begin as formulas do begin with a quote; numbers, and Parquet, are as they are."""
    query = "SELECT model, -1.5 AS low, '-1.5' AS said, '@x' AS mention FROM trials LIMIT 1"
    result = piesweep("sql", foreign, query, "--format", "csv", "--out", tmp_path / "rows.csv")
    assert result.exit_code == 0
    with (tmp_path / "rows.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row == {"model": f"'{MODEL}", "low": "-1.5", "said": "'-1.5", "mention": "'@x"}
    table = csv.DictReader(io.StringIO(piesweep("table", foreign, "effectiveness", "--format", "csv").stdout))
    assert all(row["model"].startswith("'=net") for row in table)


def test_a_report_is_well_formed_and_steers_nothing(piesweep, foreign, tmp_path):
    """Every file of a report: pictures are XML, tables are tables, the page and its data have no control characters."""
    result = piesweep("report", foreign, "--out", tmp_path / "report")
    assert result.exit_code == 0, result.output
    assert STEERING_BLOCK.findall(result.stdout + result.stderr) == []
    pictures = sorted((tmp_path / "report" / "figures").glob("*.svg"))
    assert {picture.stem for picture in pictures} >= {"effectiveness", "pie_rate"}
    for picture in pictures:
        assert ET.parse(picture).getroot().tag.endswith("svg")
    for file in sorted((tmp_path / "report").rglob("*")):
        if file.suffix in (".html", ".md", ".tex", ".svg"):
            assert STEERING_BLOCK.findall(file.read_text(encoding="utf-8")) == [], file
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    packed = max(re.findall(r"[A-Za-z0-9+/=]{200,}", page), key=lambda text: text.startswith("H4sI"))
    head, _ = unpacked(packed)
    assert head["groups"][0]["model"] == "=net\\x1b]0;owned\\x07[red]$\\frac{x$\\u202e"
    assert STEERING_BLOCK.findall("".join([*head["texts"], *head["classes"]["films"]])) == []
    rows = (tmp_path / "report" / "tables" / "effectiveness.md").read_text(encoding="utf-8")
    assert r"| =net\\x1b\]0;owned\\x07\[red\]\$\\frac{x\$\\u202e |" in rows


def test_a_progress_line_shows_names_as_they_are():
    """Rich takes no markup, and the terminal no escape, from the names of tasks, models and methods."""
    from rich.console import Console

    from runner.sweep.progress import Progress

    spec = dataclasses.replace(samples.spec(), model="[red]\x1b[31mnet", task="[link=x]films")
    stream = io.StringIO()
    progress = Progress([spec], [], Console(file=stream, width=120))
    progress.console.print(progress._render())
    assert "[link=x]films" in stream.getvalue()
    assert "[red]\\x1b[31mnet" in stream.getvalue()


@pytest.mark.parametrize("url", ["memory://x", "data://x", "http://example.org/x", "simplecache::s3://bucket/x"])
def test_what_is_no_shared_place_is_no_store(piesweep, url):
    """One line, exit code 2: folders and object storage alone keep what other processes must see."""
    result = piesweep("sql", url, "SELECT 1")
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert f"{url} is no place for a store" in line
    assert "give a folder, or a URL that begins with s3://" in line
