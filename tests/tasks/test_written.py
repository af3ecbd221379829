"""Files as they are in the world: quotes that are characters, other delimiters and character sets, no heading."""

from __future__ import annotations

import gzip
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks import files
from tasks.base import TaskChoice, TaskError
from tasks.tabular import columns_of, count_rows, read_columns
from tasks.text_files import Written


def own(path, content, **fields):
    """A task whose train and test file has these bytes; label and text unless other columns are named."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return TaskChoice(name="own", train=str(path), test=str(path), **{"text": "text", "label": "label", **fields})


def rows_of(choice):
    """The test split as (text, class name)."""
    data = files.load(choice)
    columns = [name for name in ("text", "text_pair") if name in data.examples.column_names]
    rows = data.split("test").select([*columns, "label"]).to_pylist()
    assert files.row_counts(choice)["test"] == len(rows)
    return [(*(row[name] for name in columns), data.classes[row["label"]]) for row in rows]


def test_a_quote_that_is_a_character(tmp_path):
    """A cell that begins with a quote and never closes it is a row like others: two columns, four rows."""
    content = 'text\tlabel\na b\tx\n" b c\ta\nd "e" f\tx\ng\ta\n'
    choice = own(tmp_path / "a.tsv", content)
    assert rows_of(choice) == [("a b", "x"), ('" b c', "a"), ('d "e" f', "x"), ("g", "a")]
    assert (
        "a.tsv: its quotes are read as characters, since cells in quotes do not fit (row 2: "
        in files.load(choice).warnings[0]
    )
    said = choice.model_copy(update={"quoting": "none"})
    assert (rows_of(said), "quotes" in " ".join(files.load(said).warnings)) == (rows_of(choice), False)


def test_two_unpaired_quotes_swallow_nothing(tmp_path):
    """Forty pairs of GLUE, two of which begin with an unpaired quote, are forty pairs with labels 0 and 1."""
    lines = ["id\tsentence1\tsentence2\tlabel"]
    for number in range(40):
        first = f'"Quote {number}' if number in (7, 21) else f"First {number}"
        lines.append(f"{number}\t{first}\tSecond {number}\t{number % 2}")
    choice = own(tmp_path / "train.tsv", "\n".join(lines), text=("sentence1", "sentence2"))
    rows = rows_of(choice)
    assert len(rows) == 40
    assert rows[7] == ('"Quote 7', "Second 7", "1")
    assert {row[2] for row in rows} == {"0", "1"}


def test_bars_line_ends_and_a_quote(tmp_path):
    """`text|label` with CRLF and a quote inside is read in a .csv without a word from the user."""
    content = 'text|label\r\nsay "no"|a\r\n"odd|b\r\nx, y|a\r\n'
    assert rows_of(own(tmp_path / "a.csv", content)) == [('say "no"', "a"), ('"odd', "b"), ("x, y", "a")]


def test_glue_with_a_mark_at_its_start(tmp_path):
    """A byte order mark, five columns and unpaired quotes."""
    content = (
        '\ufeffindex\tgenre\tsentence1\tsentence2\tlabel\n0\tnews\t"One\ttwo\tyes\n1\tnews\tthree\tfour "five"\tno\n'
    )
    rows = rows_of(own(tmp_path / "a.tsv", content, text=("sentence1", "sentence2")))
    assert rows == [('"One', "two", "yes"), ("three", 'four "five"', "no")]
    assert columns_of(tmp_path / "a.tsv")[0] == "index"


def test_no_heading_and_an_empty_column(tmp_path):
    """CoLA's lines, whose third cell is mostly empty, with the names that the study gives."""
    content = "gj04\t1\t\tOur friends won't buy this.\ngj04\t0\t*\t\"They drank the pub.\n"
    names = ["source", "label", "mark", "text"]
    rows = rows_of(own(tmp_path / "a.tsv", content, columns=names))
    assert rows == [("Our friends won't buy this.", "1"), ('"They drank the pub.', "0")]
    data = files.load(own(tmp_path / "a.tsv", content, columns=names))
    assert data.split("train")["mark"].to_pylist() == ["", "*"]
    with pytest.raises(TaskError, match=r"no column 'text'; .*no heading, name its columns in their order: "):
        files.check(own(tmp_path / "a.tsv", content))
    with pytest.raises(TaskError, match=r"row 1 has 4 cells, and columns has 3 names \(source, label, text\)"):
        files.check(own(tmp_path / "a.tsv", content, columns=["source", "label", "text"]))


def test_words_that_look_like_nothing(tmp_path):
    """Texts NaN, nan and None are words."""
    rows = rows_of(own(tmp_path / "a.csv", "text,label\nNaN,a\nnan,b\nNone,a\n"))
    assert rows == [("NaN", "a"), ("nan", "b"), ("None", "a")]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_another_delimiter_is_told_by_the_heading(mark, tmp_path):
    """A .csv whose heading has the wanted columns between other marks is read so; quoted cells too."""
    content = f'label{mark}text\na{mark}"x{mark} ""y"""\nb{mark}z, w\n'
    assert rows_of(own(tmp_path / "a.csv", content)) == [(f'x{mark} "y"', "a"), ("z, w", "b")]


def test_a_delimiter_may_be_said(tmp_path):
    """Any one character, where the user says it."""
    assert rows_of(own(tmp_path / "a.csv", "text~label\nx~a\ny~b\n", delimiter="~")) == [("x", "a"), ("y", "b")]


WHOLE = 'text,label\n"one,\ntwo ""x""",a\nä,b\n'


def test_quoted_line_ends_stay(tmp_path):
    """Cells that are quoted as CSV has it keep their line ends, commas and quotes."""
    assert rows_of(own(tmp_path / "a.csv", WHOLE)) == [('one,\ntwo "x"', "a"), ("ä", "b")]


def test_both_readings_fit(tmp_path):
    """Where quotes pair up over lines and each line is whole too, a comma's file is read as before, and it is said."""
    content = 'text,label\n"a,x\nb",x\nc,y\n'
    data = files.load(own(tmp_path / "a.csv", content))
    assert data.split("test")["text"].to_pylist() == ["a,x\nb", "c"]
    assert "set quoting: none if its quotes are characters" in data.warnings[0]
    plain = files.load(own(tmp_path / "a.csv", content, quoting="none"))
    assert plain.split("test")["text"].to_pylist() == ['"a', 'b"', "c"]
    assert not any("quoting" in one for one in plain.warnings)
    with pytest.raises(TaskError, match=r"tasks.own.train: .*a.csv row 1: a quote opens .*; set quoting: csv if"):
        files.check(own(tmp_path / "a.csv", content.replace(",", ";")))


def test_neither_reading_fits(tmp_path):
    """A file that is neither is refused with both reasons, their rows and the keys to set."""
    with pytest.raises(TaskError) as error:
        files.check(own(tmp_path / "a.csv", 'text,label\n"x" y,a\nz,w,b\n'))
    for part in (
        "tasks.own.train: ",
        "row 1: ",
        "row 2 has 3 cells, where the heading has 2",
        "set delimiter, quoting",
    ):
        assert part in str(error.value)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le", "shift_jis"])
def test_a_character_set_that_is_said(encoding, tmp_path):
    """The user names the character set; JSON lines have one too."""
    text = "日本" if encoding == "shift_jis" else "café"
    table = own(tmp_path / "a.csv", f"text,label\n{text},a\ny,b\n".encode(encoding), encoding=encoding)
    assert rows_of(table) == [(text, "a"), ("y", "b")]
    lines = f'{{"text": "{text}", "label": "a"}}\n{{"text": "y", "label": "b"}}\n'.encode(encoding)
    assert rows_of(own(tmp_path / "a.jsonl", lines, encoding=encoding)) == [(text, "a"), ("y", "b")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.json"])
def test_a_mark_at_the_start_says_the_character_set(encoding, name, tmp_path):
    """Files with a byte order mark need no key."""
    records = [{"text": "café", "label": "a"}, {"text": "y", "label": "b"}]
    text = {
        ".csv": "text,label\ncafé,a\ny,b\n",
        ".json": json.dumps(records, ensure_ascii=False),
        ".jsonl": "\n".join(json.dumps(one, ensure_ascii=False) for one in records),
    }[f".{name.split('.')[1]}"]
    content = text.encode(encoding)
    rows = rows_of(own(tmp_path / name, gzip.compress(content) if name.endswith(".gz") else content))
    assert rows == [("café", "a"), ("y", "b")]


def test_a_character_set_that_is_not_said(tmp_path):
    """Other bytes than UTF-8's are never guessed: the line, the byte and how it would read are said."""
    for name, content in (
        ("a.csv", b"text,label\nx,a\ncaf\xe9,b\n"),
        ("b.jsonl", b'{"text": "x", "label": "a"}\n\n{"text": "caf\xe9", "label": "b"}\n'),
    ):
        with pytest.raises(TaskError) as error:
            files.load(own(tmp_path / name, content))
        for part in (
            "tasks.own.train: ",
            f"{name} line 3: byte 0xE9 is not UTF-8; set encoding",
            "latin-1 reads",
            "caf\u00e9",
        ):
            assert part in str(error.value)
    with pytest.raises(TaskError, match="null bytes, as UTF-16 without a mark does; set encoding: utf-16-le"):
        files.check(own(tmp_path / "c.csv", "text,label\nx,a\n".encode("utf-16-le")))
    with pytest.raises(TaskError, match="line 2: byte 0x81 is no text in cp1252; set another encoding"):
        files.check(own(tmp_path / "d.csv", b"text,label\n\x81,a\n", encoding="cp1252"))


def test_a_list_of_records(tmp_path):
    """A JSON file that holds one list of objects, over as many lines as it likes."""
    records = [{"label": 1, "text": "x"}, {"text": "y", "label": 0}]
    for name in ("a.json", "a.jsonl"):
        for indent in (None, 2):
            assert rows_of(own(tmp_path / name, json.dumps(records, indent=indent))) == [("x", "1"), ("y", "0")]
    (tmp_path / "b.json").write_text(json.dumps([{"text": "x", "label": 1}, {"text": "y", "label": "1"}]))
    with pytest.raises(TaskError, match=r"b\.json item 2: column 'label' holds \"1\""):
        read_columns(tmp_path / "b.json", ["text", "label"])


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"delimiter": ";;"}, "delimiter is one character"),
        ({"delimiter": '"'}, "delimiter is one character"),
        ({"encoding": "utf-9"}, "encoding 'utf-9' is none that Python knows"),
        ({"encoding": "base64"}, "encoding 'base64' is none that Python knows"),
        ({"columns": ["text", "text"]}, "columns names every column of the files once"),
        ({"train": None, "test": None, "dataset": "x", "quoting": "none"}, "a dataset has none"),
    ],
)
def test_keys_that_cannot_be_meant(fields, match, tmp_path):
    """Each key says what is allowed."""
    choice = own(tmp_path / "a.csv", "text,label\nx,a\n")
    with pytest.raises(TaskError, match=match):
        files.check(choice.model_copy(update=fields))


def test_keys_that_say_nothing_are_refused(tmp_path):
    """JSON has no delimiter and Parquet no character set: a key that no file heeds is a mistake."""
    choice = own(tmp_path / "a.jsonl", '{"text": "x", "label": "a"}\n{"text": "y", "label": "b"}\n', delimiter=";")
    with pytest.raises(TaskError, match=r"delimiter say nothing of \.jsonl files"):
        files.check(choice)
    pq.write_table(pa.table({"text": ["x", "y"], "label": ["a", "b"]}), tmp_path / "a.parquet")
    paths = {"train": str(tmp_path / "a.parquet"), "test": str(tmp_path / "a.parquet")}
    with pytest.raises(TaskError, match=r"columns, encoding say nothing of \.parquet files"):
        files.check(TaskChoice(name="own", text="text", label="label", columns=["a"], encoding="latin-1", **paths))


def test_a_device_is_no_file(tmp_path):
    """A pipe in a file's place is refused at once."""
    os.mkfifo(tmp_path / "pipe.csv")
    choice = own(tmp_path / "a.csv", "text,label\nx,a\n")
    with pytest.raises(TaskError, match=r"pipe\.csv is no regular file"):
        files.check(choice.model_copy(update={"test": str(tmp_path / "pipe.csv")}))


def test_rows_are_counted_as_they_are_read(tmp_path):
    """What a plan counts is what is loaded, with every key."""
    path = tmp_path / "a.tsv"
    path.write_text('a\t"b\nc\td"\n')
    written = Written(columns=("x", "y"))
    assert count_rows(path, written) == read_columns(path, ["x", "y"], written).num_rows == 2
    assert count_rows(path, Written(columns=("x", "y"), quoting="csv")) == 1


def test_an_entry_without_the_keys_is_frozen_as_before():
    """A study of before has the same frozen form: keys that are not given do not exist in it."""
    frozen = TaskChoice(name="own", train="a.csv", test="b.csv", text="t", label="l").model_dump(mode="json")
    assert set(frozen) == {
        "name", "data", "limit", "train", "validation", "test", "dataset", "config", "splits", "text", "label",
        "labels", "separator", "max_tokens",
    }  # fmt: skip
