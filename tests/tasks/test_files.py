"""A user's own task, from files of every kind, and everything that can be wrong with them."""

from __future__ import annotations

import csv
import gzip
import json
import re

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks import catalogue, files
from tasks.base import TaskChoice, TaskError
from tasks.examples import split_sizes
from tasks.tabular import FORMATS, columns_of, count_rows, read_columns

TRAIN = [
    {"text": 'He said "no",\nthen left.', "label": "10"},
    {"text": "NA", "label": "9"},
    {"text": "ä", "label": "10"},
]
TEST = [{"text": "12", "label": "11"}, {"text": "true", "label": "9"}]


def write(path, rows):
    """Rows as a file of the kind its name says."""
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return path
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8", newline="") as file:
        if kind == "jsonl":
            file.writelines(json.dumps(row) + "\n" for row in rows)
        elif kind == "json":
            json.dump(rows, file, indent=1)
        else:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if kind == "tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


def choice(folder, kind=".csv", rows=TRAIN, test_rows=TEST, **fields):
    """A task of these rows in files of one kind."""
    paths = {"train": str(write(folder / f"train{kind}", rows)), "test": str(write(folder / f"test{kind}", test_rows))}
    given = {"text": "text", "label": "label", **paths, **fields}
    return TaskChoice(name="own", **{key: value for key, value in given.items() if value is not None})


@pytest.mark.parametrize("kind", [".csv", ".tsv", ".json", ".jsonl", ".parquet", ".csv.gz", ".json.gz", ".jsonl.gz"])
def test_every_kind_gives_the_same_examples(kind, tmp_path):
    """Texts stay texts whatever they look like; numeric labels sort as numbers; test may have new classes."""
    data = files.load(choice(tmp_path, kind))
    assert data.classes == ("9", "10", "11")
    assert data.split("train")["text"].to_pylist() == [row["text"] for row in TRAIN]
    assert data.split("test")["text"].to_pylist() == ["12", "true"]
    assert data.split("train")["label"].to_pylist() == [1, 0, 1]
    assert data.split("test")["label"].to_pylist() == [2, 0]
    assert files.row_counts(choice(tmp_path, kind)) == {"train": 3, "test": 2} == split_sizes(data.examples)
    assert (data.kind, data.inputs, data.max_tokens) == ("single-label", "text", 8)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), min_size=1).filter(lambda text: text.strip())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(texts=st.lists(TEXTS, min_size=1, max_size=5), kind=st.sampled_from([".csv", ".jsonl", ".parquet"]))
def test_any_text_survives(texts, kind, tmp_path):
    """Quotes, separators, line ends and any script come back as written, and are counted once."""
    path = write(tmp_path / f"any{kind}", [{"text": text, "label": "x"} for text in texts])
    assert read_columns(path, ["text"])["text"].to_pylist() == texts
    assert count_rows(path) == len(texts)
    assert columns_of(path) == ["text", "label"]


@pytest.mark.parametrize(
    ("kind", "labels", "separator"),
    [
        (".csv", ["b; a", "c", "a;a"], ";"),
        (".jsonl", [["b", "a"], ["c"], ["a"]], None),
        (".parquet", [["b", "a"], ["c"], ["a", "a"]], None),
    ],
)
def test_several_labels(kind, labels, separator, tmp_path):
    """Lists, or strings cut by the separator, become ascending class indices without repeats."""
    rows = [{"text": "x", "topics": one} for one in labels]
    data = files.load(choice(tmp_path, kind, rows, rows, label=None, labels="topics", separator=separator))
    assert (data.kind, data.metric, data.classes) == ("multi-label", "macro-f1", ("a", "b", "c"))
    assert data.split("train")["labels"].to_pylist() == [[0, 1], [2], [0]]


def test_an_example_may_have_no_class(tmp_path):
    """An empty list means no class, from the first row on."""
    rows = [{"text": "x", "labels": one} for one in ([], [2, 1], [1])]
    data = files.load(choice(tmp_path, ".jsonl", rows, rows, label=None, labels="labels"))
    assert data.classes == ("1", "2")
    assert data.split("test")["labels"].to_pylist() == [[], [0, 1], [0]]


def test_pairs_numbers_and_validation(tmp_path):
    """Two text columns make a pair; integer labels are classes; validation is optional."""
    rows = [{"a": "x", "b": "y", "gold": number} for number in (2, 10, 1)]
    validation = write(tmp_path / "validation.parquet", rows[:2])
    data = files.load(
        choice(tmp_path, ".parquet", rows, rows, text=("a", "b"), label="gold", validation=str(validation))
    )
    assert (data.inputs, data.classes) == ("pair", ("1", "2", "10"))
    assert split_sizes(data.examples) == {"train": 3, "validation": 2, "test": 3}
    assert data.split("validation")["text_pair"].to_pylist() == ["y", "y"]


def refused(given, match):
    """The choice is refused with such a message; what `check` cannot see, `load` does."""
    with pytest.raises(TaskError, match=match):
        files.load(given)


WRONG_FIELDS = [
    ({"text": None}, "text is missing"),
    ({"label": None}, "exactly one of label"),
    ({"labels": "label"}, "exactly one of label"),
    ({"separator": ";"}, "separator belongs to labels"),
    ({"label": None, "labels": "label", "separator": ""}, "separator is empty"),
    ({"test": None}, "missing test: a task of your own needs"),
    ({"dataset": "x"}, "either files .* or dataset"),
    ({"config": "x"}, "belong to dataset"),
    ({"data": "x"}, "data is for registered tasks"),
    ({"label": "text"}, "must be different columns"),
    ({"label": "lable"}, r"train.csv has no column 'lable'; its columns are text, label; did you mean 'label'\?"),
    ({"train": "nowhere/train.csv"}, "nowhere/train.csv does not exist"),
    ({"train": "train.xlsx"}, r"unknown kind of file '.xlsx'; allowed: .csv, .tsv, .json"),
]


@pytest.mark.parametrize(("fields", "match"), WRONG_FIELDS)
def test_wrong_fields(fields, match, tmp_path):
    """Fields that do not fit, missing files and columns are found by `check`, before any row is read."""
    with pytest.raises(TaskError, match=match):
        files.check(choice(tmp_path, **fields))


WRONG_ROWS = [
    (
        ".csv",
        [{"text": "x", "label": "a"}, {"text": " ", "label": "b"}],
        r"train.csv row 2: column 'text' is empty \(1 such",
    ),
    (".csv", [{"text": "x", "label": "a"}, {"text": "y", "label": ""}], "row 2: column 'label' is empty"),
    (".jsonl", [{"text": "x", "label": "a"}, {"text": None, "label": "b"}], "row 2: column 'text' is empty"),
    (".jsonl", [{"text": "x", "label": "a"}, {"text": "x", "label": 3}], "line 2: column 'label' holds 3, where lines"),
    (".jsonl", [{"text": 1, "label": "a"}, {"text": 2, "label": "b"}], "column 'text' holds int64, not text"),
    (".parquet", [{"text": "x", "label": 0.5}], "row 1: column 'label' holds 0.5; a class is a word"),
    (".parquet", [{"text": "x", "label": ["a"]}], "for several classes per example use labels"),
    (".parquet", [{"text": "x", "label": "a"}], r"task 'own' has 1 classes \(a\); it needs 2"),
]


@pytest.mark.parametrize(("kind", "rows", "match"), WRONG_ROWS)
def test_wrong_rows(kind, rows, match, tmp_path):
    """Empty cells and labels of a wrong type name the file, the row and the column."""
    refused(choice(tmp_path, kind, rows, rows), match)


WRONG_LABELS = [
    (".csv", [{"text": "x", "labels": "a"}], None, "row 1: .*no list; give separator, the mark"),
    (".csv", [{"text": "x", "labels": "a"}, {"text": "x", "labels": "a;;b"}], ";", "row 2: .*a label is empty"),
    (".csv", [{"text": "x", "labels": "a"}, {"text": "x", "labels": ""}], ";", "row 2: .*is an empty list in JSONL"),
    (
        ".parquet",
        [{"text": "x", "labels": ["a"]}, {"text": "x", "labels": None}],
        None,
        "row 2: column 'labels' is empty",
    ),
    (
        ".parquet",
        [{"text": "x", "labels": ["a", "b"]}, {"text": "x", "labels": ["a", None]}],
        None,
        "row 2: .* holds None in its list",
    ),
]


@pytest.mark.parametrize(("kind", "rows", "separator", "match"), WRONG_LABELS)
def test_wrong_label_lists(kind, rows, separator, match, tmp_path):
    """What can be wrong with several labels names the row too."""
    refused(choice(tmp_path, kind, rows, rows, label=None, labels="labels", separator=separator), match)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("content", ["text,label\n", "text,label", '"text","label"\n\n'])
def test_a_heading_alone_is_refused(split, content, tmp_path):
    """A file without a row is named before anything trains: when a plan counts, and when it is loaded."""
    given = choice(tmp_path)
    (tmp_path / f"{split}.csv").write_text(content)
    for ask in (files.row_counts, files.load):
        with pytest.raises(TaskError, match=rf"tasks.own.{split}: .*{split}.csv has no rows"):
            ask(given)


def test_lists_written_by_pandas(tmp_path):
    """Cells such as ['art', 'sport'] are lists where labels are asked for, and refused where one label is."""
    rows = [{"text": "x", "label": "['art', 'sport']"}, {"text": "y", "label": "['art']"}]
    for separator in (None, ","):
        data = files.load(choice(tmp_path, ".csv", rows, rows, label=None, labels="label", separator=separator))
        assert data.classes == ("art", "sport")
        assert data.split("train")["labels"].to_pylist() == [[0, 1], [0]]
    refused(
        choice(tmp_path, ".csv", rows, rows), "row 1: column 'label' holds .*, a list; for several classes use labels"
    )


def test_dictionaries_in_another_order(tmp_path):
    """Categories of Parquet are read by their names: the codes of train and test need not agree."""
    given = choice(tmp_path, ".parquet")
    for name, codes, names in (("train", [0, 1], ["b", "a"]), ("test", [0, 1], ["a", "b"])):
        labels = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(names))
        pq.write_table(pa.table({"text": ["x", "y"], "label": labels}), tmp_path / f"{name}.parquet")
    data = files.load(given)
    assert data.split("train")["label"].to_pylist() == [1, 0]
    assert data.split("test")["label"].to_pylist() == [0, 1]


@pytest.mark.parametrize("kind", [".csv", ".jsonl", ".parquet"])
def test_folders_of_any_name(kind, tmp_path):
    """Folders named as partitions or patterns are names like others: they add no column and match no file."""
    folder = tmp_path / "seed=7" / "label=9" / "[1] a?#* %20"
    folder.mkdir(parents=True)
    data = files.load(choice(folder, kind))
    assert data.examples.column_names == ["split", "example_id", "text", "label"]
    assert data.classes == ("9", "10", "11")


def test_labels_of_several_kinds_in_one_file(tmp_path):
    """1, "1" and [1] in one JSONL are refused with the line."""
    for value in ('"1"', "[1]"):
        (tmp_path / "train.jsonl").write_text(f'{{"text": "x", "label": 1}}\n{{"text": "y", "label": {value}}}\n')
        given = choice(tmp_path).model_copy(update={"train": str(tmp_path / "train.jsonl")})
        refused(given, f"train.jsonl line 2: column 'label' holds {re.escape(value)}, where lines before hold whole")


def test_files_that_spell_their_labels_differently(tmp_path):
    """pandas' True/False in CSV and JSON's true/false are the same classes; so are whole numbers kept as floats."""
    given = choice(tmp_path, rows=[{"text": "x", "label": "True"}, {"text": "y", "label": "False"}])
    test = write(tmp_path / "t.jsonl", [{"text": "z", "label": True}, {"text": "w", "label": False}])
    data = files.load(given.model_copy(update={"test": str(test)}))
    assert (data.classes, data.split("test")["label"].to_pylist()) == (("false", "true"), [1, 0])
    assert "one class, true: 'True' (1 in train); 'true' (1 in test)" in data.warnings
    given = choice(tmp_path, rows=[{"text": "x", "label": "1"}, {"text": "y", "label": "0"}])
    test = write(tmp_path / "t.parquet", [{"text": "z", "label": 1.0}, {"text": "w", "label": 0.0}])
    data = files.load(given.model_copy(update={"test": str(test)}))
    assert (data.classes, data.split("test")["label"].to_pylist()) == (("0", "1"), [1, 0])


def test_one_file_for_train_and_test(tmp_path):
    """That test is what was trained on is said with counts, and the warnings come from the cache too."""
    given = choice(tmp_path)
    given = given.model_copy(update={"test": given.train})
    for _ in range(2):
        warnings = catalogue.open_task(given).warnings
        assert "3 of 3 rows of test stand in train too, such as 'He said" in warnings[-1]


WRONG_CONTENT = [
    ("train.csv", b"", "train.csv is empty"),
    ("train.csv", b"text,label\nx,a,b\n", "train.csv row 1 has 3 cells, where the heading has 2; set delimiter"),
    ("train.csv", b"text,label\n\xff,a\n", "train.csv line 2: byte 0xFF is not UTF-8; set encoding"),
    ("train.csv.gz", b"text,label\n", "cannot be read"),
    ("train.jsonl", b'{"text": "x"\n', "line 1 is not JSON"),
    ("train.jsonl", b"[1]\n", "item 1 is not a JSON object"),
    ("train.jsonl", b"1\n", "line 1 is not a JSON object"),
    ("train.jsonl", b"[1\n", "is no list of JSON objects, nor one object a line"),
    ("train.parquet", b"PAR1", "cannot be read"),
    ("train.csv", b"text,label,text\nx,a,y\n", "has 2 columns named 'text'"),
]


@pytest.mark.parametrize(("name", "content", "match"), WRONG_CONTENT)
def test_damaged_files(name, content, match, tmp_path):
    """Bytes that are no such file are named with the reason."""
    given = choice(tmp_path)
    (tmp_path / name).write_bytes(content)
    refused(given.model_copy(update={"train": str(tmp_path / name)}), match)


def test_a_missing_file_names_its_neighbour(tmp_path):
    """A typo in a file's name is met with the file that is there."""
    given = choice(tmp_path).model_copy(update={"train": str(tmp_path / "trian.csv")})
    refused(given, r"trian.csv does not exist; did you mean 'train.csv'\?")


def test_all_formats_are_tested():
    """The list of kinds above covers FORMATS; files of tags have tests of their own."""
    assert set(FORMATS) == {".csv", ".tsv", ".json", ".jsonl", ".conll", ".parquet"}


@pytest.fixture
def saved(tmp_path):
    """A data set with declared classes, one of which never occurs, and a row without gold label."""
    features = datasets.Features(
        {"sentence": datasets.Value("string"), "gold": datasets.ClassLabel(names=["no", "yes", "never"])}
    )
    part = datasets.Dataset.from_dict({"sentence": ["x", "y", "z"], "gold": [1, -1, 0]}, features=features)
    datasets.DatasetDict({"train": part, "dev": part}).save_to_disk(str(tmp_path / "saved"))
    return {"name": "own", "dataset": str(tmp_path / "saved"), "text": "sentence", "label": "gold"}


def test_a_dataset(saved):
    """Declared classes keep their order; rows without gold label are left out with a note."""
    data = files.load(TaskChoice(**saved, splits={"train": "train", "test": "dev"}))
    assert data.classes == ("no", "yes", "never")
    assert data.split("test")["label"].to_pylist() == [1, 0]
    assert data.split("test")["example_id"].to_pylist() == [0, 1]
    assert "1 rows of" in data.note


def test_a_dataset_of_several_labels(tmp_path):
    """Lists of declared classes work alike."""
    features = datasets.Features(
        {"text": datasets.Value("string"), "topics": datasets.List(datasets.ClassLabel(names=["a", "b"]))}
    )
    part = datasets.Dataset.from_dict({"text": ["x", "y"], "topics": [[1, 0], []]}, features=features)
    datasets.DatasetDict({"train": part, "test": part}).save_to_disk(str(tmp_path / "saved"))
    data = files.load(TaskChoice(name="own", dataset=str(tmp_path / "saved"), text="text", labels="topics"))
    assert (data.classes, data.split("test")["labels"].to_pylist()) == (("a", "b"), [[0, 1], []])


def test_a_dataset_without_the_split_or_column(saved):
    """Missing splits and columns are named with those there are."""
    refused(TaskChoice(**saved), "has no split 'test'; it has train, dev")
    splits = {"train": "train", "test": "dev"}
    refused(TaskChoice(**{**saved, "text": "sentense"}, splits=splits), r"did you mean 'sentence'\?")
    refused(TaskChoice(**saved, splits={"train": "train"}), "names train and test")
    refused(TaskChoice(**{**saved, "dataset": saved["dataset"] + "x"}), "could not be loaded")


@pytest.mark.parametrize(("kind", "write_number"), [(".parquet", float), (".jsonl", float), (".csv", "{}.0".format)])
def test_many_whole_floating_point_numbers_are_no_classes(kind, write_number, tmp_path):
    """A column of 50 different whole floats is a measure: refused with what to do, in typed and in text files alike."""
    rows = [{"text": f"text {number}", "label": write_number(number % 50)} for number in range(100)]
    with pytest.raises(TaskError, match=r"column 'label' holds 50 different floating-point numbers.*decimal point"):
        files.load(choice(tmp_path, kind, rows, rows))


def test_few_floating_point_numbers_and_many_whole_ones_are_classes(tmp_path):
    """Twenty whole floats are a scale; fifty whole numbers are fifty classes."""
    (tmp_path / "few").mkdir()
    scale = [{"text": f"text {number}", "label": float(number % 20)} for number in range(40)]
    assert len(files.load(choice(tmp_path / "few", ".parquet", scale, scale)).classes) == 20
    whole = [{"text": f"text {number}", "label": number % 50} for number in range(100)]
    assert len(files.load(choice(tmp_path, ".parquet", whole, whole)).classes) == 50
