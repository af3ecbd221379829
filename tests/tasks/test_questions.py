"""Tasks of questions about passages: SQuAD's form and tables, and every answer that is not where it should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks import files
from tasks.base import TaskChoice, TaskError
from tasks.overview import lines_of, overview, warnings_of

SQUAD = Path(__file__).parents[1] / "fixtures" / "squad" / "tiny.json"
COLUMNS = {"question": "question", "context": "context", "answer": "answer"}
ROWS = [
    {"question": "Who sat?", "context": "The cat sat by a cat.", "answer": "cat", "source": "a"},
    {"question": "Where?", "context": "In Caf\u00e9s of Paris.", "answer": "Paris", "source": "b"},
]


def asked(folder: Path, rows: object = ROWS, ending: str = ".jsonl", **fields: object) -> TaskChoice:
    """A task whose train file holds these rows, and its test file the first row of lines, or of ROWS."""
    paths = {}
    for split, content in (("train", rows), ("test", ROWS[:1] if ending != ".jsonl" else rows[:1])):
        path = folder / f"{split}{ending if split == 'train' else '.jsonl'}"
        paths[split] = str(path)
        if path.suffix == ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in content))
        elif path.suffix == ".parquet":
            pq.write_table(content, path)
        else:
            path.write_text(str(content))
    return TaskChoice(name="mine", **{**paths, **COLUMNS, **fields})


def test_a_file_in_squads_form_is_a_task() -> None:
    """Every question with its passage and its answers, each once, in characters; the title is kept, ids if asked."""
    choice = TaskChoice(name="qa", train=str(SQUAD), test=str(SQUAD), id="id", answer_start="answer_start", **COLUMNS)
    assert files.row_counts(choice) == {"train": 6, "test": 6}
    data = files.load(choice)
    assert (data.kind, data.inputs, data.classes, data.metric) == ("span", "pair", (), "f1")
    rows = data.split("test").to_pylist()
    assert [row["source_id"] for row in rows] == ["n1", "n2", "n3", "p1", "p2", "p3"]
    assert rows[0]["title"] == "Normans"
    texts = [[row["text_pair"][begin:end] for begin, end in row["gold_spans"]] for row in rows]
    assert texts[0] == ["Rollo", "led by Rollo"]
    assert texts[4:] == [["Voltaire"], ["forty", "forty cups"]]
    assert data.max_tokens == 128
    assert lines_of(data)[0] == "task qa: train 6 (about 2 passages); test 6 (about 2 passages)"
    assert overview(data)["classes"] == {}


def test_a_table_of_questions_is_a_task(tmp_path: Path) -> None:
    """Without starts the first place is taken, and that is said; other columns are kept."""
    data = files.load(asked(tmp_path))
    assert data.split("train")["gold_spans"].to_pylist() == [[[4, 7]], [[12, 17]]]
    assert data.split("train")["source"].to_pylist() == ["a", "b"]
    assert "train: 1 of 2 answers stand several times in their passages" in " ".join(data.warnings)
    assert files.load(asked(tmp_path)).fingerprint == data.fingerprint


def test_starts_and_several_answers(tmp_path: Path) -> None:
    """Lists beside lists; in text parted by a separator; and both in one column, as `datasets` writes SQuAD's."""
    starts = [{**ROWS[0], "at": 17}, {**ROWS[1], "at": 12}]
    choice = asked(tmp_path, starts, answer_start="at")
    assert files.load(choice).split("train")["gold_spans"].to_pylist() == [[[17, 20]], [[12, 17]]]
    lists = [{**row, "answer": [row["answer"], row["context"][:3]], "at": [row["at"], 0]} for row in starts]
    choice = asked(tmp_path, lists, answer_start="at")
    assert files.load(choice).split("train")["gold_spans"].to_pylist() == [[[17, 20], [0, 3]], [[12, 17], [0, 3]]]
    text = "question,context,answer,at\nWho?,The cat sat.,cat|The cat,4|0\n"
    choice = asked(tmp_path, text, ".csv", answer_start="at", separator="|")
    choice = choice.model_copy(update={"test": str(tmp_path / "train.csv")})
    assert files.load(choice).split("train")["gold_spans"].to_pylist() == [[[4, 7], [0, 7]]]
    both = pa.table(
        {
            "question": ["Who?"],
            "context": ["The cat sat by a cat."],
            "answer": pa.array([{"text": ["cat"], "answer_start": [17]}]),
        }
    )
    found = files.load(asked(tmp_path, both, ".parquet"))
    assert found.split("train")["gold_spans"].to_pylist() == [[[17, 20]]]
    assert not any("several times" in one and one.startswith("train") for one in found.warnings)


def test_held_out_questions_keep_their_passages_apart(tmp_path: Path) -> None:
    """Questions about one passage go to one side."""
    rows = [{"question": f"No {at}?", "context": f"Passage {at // 4} here.", "answer": "here"} for at in range(40)]
    choice = asked(tmp_path, rows, test=0.2)
    data = files.load(choice)
    sides = [set(data.split(split)["text_pair"].to_pylist()) for split in ("train", "test")]
    assert (len(sides[0]), len(sides[1])) == (8, 2)
    assert not sides[0] & sides[1]


def test_answers_that_are_not_whole_words_and_those_that_are_cut_are_counted(tmp_path: Path) -> None:
    """The best that a model can do on the one, and how many of the other no network finds."""
    rows = [{**ROWS[0], "answer": "ca"}, {**ROWS[1], "context": "In " * 300 + "Paris."}]
    data = files.load(asked(tmp_path, rows))
    said = " ".join(warnings_of(data))
    assert "train: 1 of 2 answers are not whole words of their passages; no model does better" in said
    assert "a mean F1 of 0.5000" in said
    assert data.max_tokens == 512
    cut = " ".join(warnings_of(files.load(asked(tmp_path, [{**ROWS[1], "context": "In " * 600 + "Paris."}] * 2))))
    assert "train: 2 of 2 answers end beyond max_tokens (512)" in cut


BAD = {
    "not there": ({"answer": "dog"}, {}, "row 2: the answer 'dog' does not stand in its passage; answers are copied"),
    "elsewhere": ({"answer_start": 3}, {"answer_start": "answer_start"}, "row 2: .* passage at character 3; answers"),
    "no answer": ({"answer": ""}, {}, "row 2: column 'answer' holds no answer, or an empty one"),
    "none": ({"answer": None}, {}, "row 2: column 'answer' holds no answer"),
    "no question": ({"question": " "}, {}, "row 2: column 'question' is empty"),
    "no passage": ({"context": None}, {}, "row 2: column 'context' is empty"),
    "too long": ({"context": "x " * 20_000}, {}, "row 2: column 'context' holds a passage of more than 32,767 charact"),
    "no start": ({"answer_start": "x"}, {"answer_start": "answer_start"}, "row 2: column 'answer_start' holds"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, case: str) -> None:
    """With the row and the column, in one line."""
    change, fields, message = BAD[case]
    good = {**ROWS[0], "answer_start": "4" if case == "no start" else 4}
    with pytest.raises(TaskError, match=message) as told:
        files.load(asked(tmp_path, [good, {**good, **change}], **fields))
    assert "\n" not in str(told.value)


def test_a_torn_file_in_squads_form_is_refused(tmp_path: Path) -> None:
    """It lacks the answers of a question."""
    content = json.loads(SQUAD.read_text(encoding="utf-8"))
    del content["data"][1]["paragraphs"][0]["qas"][1]["answers"]
    (tmp_path / "torn.json").write_text(json.dumps(content))
    choice = TaskChoice(name="qa", train=str(tmp_path / "torn.json"), test=str(SQUAD), **COLUMNS)
    with pytest.raises(TaskError, match=r"torn.json: it has the form of SQuAD, but lacks 'answers'"):
        files.load(choice)


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"context": None}, "question, context and answer belong together"), ({"label": "x"}, "stand for text and label")],
)
def test_keys_that_do_not_go_together_are_refused(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    """A study says all three, and nothing of classes."""
    with pytest.raises(TaskError, match=message):
        files.check(asked(tmp_path, **fields))
