"""Tasks of tags: words and tags of equal length, entities as IOB2 has them, and every cell that is neither."""

from __future__ import annotations

import dataclasses
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks import files
from tasks.base import TaskChoice, TaskError
from tasks.overview import class_counts, lines_of, warnings_of

TRAIN = [
    {"words": ["U.N.", "official", "Ekeus"], "tags": ["B-ORG", "O", "B-PER"], "source": "a"},
    {"words": ["New York", "."], "tags": ["B-LOC", "O"], "source": "b"},
    {"words": ["Ada", "Lovelace"], "tags": ["B-PER", "I-PER"], "source": "a"},
]
TEST = [{"words": ["Baghdad", "it", "is"], "tags": ["B-LOC", "O", "O"], "source": "a"}]
CONLL = """-DOCSTART- -X- O O

U.N. NNP I-NP {org}
official NN I-NP O
Ekeus NNP I-NP {per}

New_York NNP I-NP {loc}
. . O O
"""


def tagged(folder, ending=".jsonl", train=TRAIN, test=TEST, **fields) -> TaskChoice:
    """A task whose files hold these rows."""
    paths = {}
    for split, rows in (("train", train), ("test", test)):
        path = folder / f"{split}{ending}"
        paths[split] = str(path)
        if ending == ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        elif ending == ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        else:
            path.write_text(rows)
    return TaskChoice(name="mine", words="words", tags="tags", **paths, **fields)


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_lists_of_words_and_tags_are_a_task(tmp_path, ending):
    """O is the first class; the text is the words joined by blanks, whatever a word holds; other columns are kept."""
    data = files.load(tagged(tmp_path, ending))
    assert (data.kind, data.inputs, data.metric) == ("tagging", "text", "entity-f1")
    assert data.classes == ("O", "B-LOC", "B-ORG", "B-PER", "I-PER")
    train = data.split("train")
    assert train["words"].to_pylist()[1] == ["New York", "."]
    assert train["text"].to_pylist() == ["U.N. official Ekeus", "New York .", "Ada Lovelace"]
    assert train["gold_tags"].to_pylist() == [[2, 0, 3], [1, 0], [3, 4]]
    assert train["source"].to_pylist() == ["a", "b", "a"]
    assert data.max_tokens == 8
    assert class_counts(data)["O"] == {"train": 2, "test": 2}
    assert "'O' 2" in lines_of(data)[0]
    assert data.fingerprint != files.load(tagged(tmp_path, ending, TRAIN[:2])).fingerprint


def test_words_beyond_the_longest_text_are_said(tmp_path):
    """Of texts cut to two words one of train and one of test."""
    data = dataclasses.replace(files.load(tagged(tmp_path)), max_tokens=2)
    said = [line for line in lines_of(data) if "beyond max_tokens" in line]
    assert [line.split(",")[0] for line in said] == [
        "warning: mine: train: 1 of 7 words are beyond max_tokens (2)",
        "warning: mine: test: 1 of 3 words are beyond max_tokens (2)",
    ]
    assert {*said} == {f"warning: mine: {one}" for one in warnings_of(data) if "beyond" in one}


def test_a_column_file_is_a_task(tmp_path):
    """A word and its tags a line: the first and the last column unless columns says others; documents' marks go."""
    given = CONLL.format(org="B-ORG", per="B-PER", loc="B-LOC")
    data = files.load(tagged(tmp_path, ".conll", given, given))
    assert data.split("train")["words"].to_pylist() == [["U.N.", "official", "Ekeus"], ["New_York", "."]]
    assert data.classes == ("O", "B-LOC", "B-ORG", "B-PER")
    columns = ("words", "tags", "chunks", "entities")
    assert files.row_counts(tagged(tmp_path, ".conll", given, given)) == {"train": 2, "test": 2}
    speech = files.load(tagged(tmp_path, ".conll", given, given, columns=columns))
    assert (speech.classes, speech.metric) == ((".", "NN", "NNP"), "accuracy")


def test_a_line_of_another_number_of_columns_is_named(tmp_path):
    """The fourth line lacks one."""
    torn = CONLL.format(org="B-ORG", per="B-PER", loc="B-LOC").replace("NN I-NP", "NN")
    with pytest.raises(TaskError, match=r"train.conll line 4 has 3 columns and the file 4"):
        files.load(tagged(tmp_path, ".conll", torn, torn))


def test_iob1_becomes_iob2_and_is_said(tmp_path):
    """I- begins an entity too, and B- only parts one from another of its type."""
    given = CONLL.format(org="I-ORG", per="I-PER", loc="I-LOC") + "Roma NNP I-NP I-LOC\nOslo NNP I-NP B-LOC\n"
    data = files.load(tagged(tmp_path, ".conll", given, given))
    assert data.classes == ("O", "B-LOC", "B-ORG", "B-PER")
    assert any("IOB1 and were turned into IOB2: 8 entities" in one for one in data.warnings)
    assert data.split("train")["gold_tags"].to_pylist()[1] == [1, 0, 1, 1]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"words": ["a", "b"], "tags": ["O"]}, r"train.jsonl row 4: 2 words and 1 tags; each word needs one"),
        ({"words": [], "tags": []}, "row 4: column 'words' holds no words"),
        ({"words": ["a", " "], "tags": ["O", "O"]}, "row 4: column 'words' holds ' ' in its list"),
        ({"words": ["a"], "tags": ["S-PER"]}, "row 4: the tag 'S-PER' is neither O nor a type after B- or I-"),
        ({"words": ["a"], "tags": ["I-LOC"]}, "row 4: I-LOC continues nothing"),
    ],
)
def test_what_is_no_tag_a_word_is_refused_with_its_row(tmp_path, row, said):
    """Tags of unequal number, texts and words that are empty, other schemes, and neither IOB2 nor IOB1."""
    with pytest.raises(TaskError, match=said):
        files.load(tagged(tmp_path, train=[*TRAIN, row]))


def test_tags_that_mark_entities_otherwise_are_doubtful(tmp_path):
    """O beside types without B- or I-: measured word by word, and said."""
    rows = [{"words": ["Ada", "is"], "tags": ["PER", "O"]}]
    data = files.load(tagged(tmp_path, train=rows, test=rows))
    assert data.metric == "accuracy"
    assert any("measured word by word" in one for one in data.warnings)


def test_words_and_tags_stand_for_text_and_label(tmp_path):
    """Neither goes without the other, or beside text, label or kind."""
    whole = tagged(tmp_path)
    for fields in ({"tags": None}, {"text": "words"}, {"label": "tags"}, {"kind": "regression"}):
        with pytest.raises(TaskError, match="words and tags belong together"):
            files.check(whole.model_copy(update=fields))


def test_a_tag_that_train_lacks_is_said(tmp_path):
    """Nothing can learn it."""
    rows = [{"words": ["x"], "tags": ["B-MISC"]}]
    assert any("train has no word tagged 'B-MISC'" in one for one in files.load(tagged(tmp_path, test=rows)).warnings)


def test_a_fraction_of_train_is_held_out(tmp_path):
    """Words and tags stay together."""
    rows = [{"words": [f"w{n}", "x"], "tags": [["O", "B-X"][n % 2], "O"]} for n in range(20)]
    data = files.load(tagged(tmp_path, train=rows).model_copy(update={"test": 0.25}))
    test = data.split("test")
    assert test.num_rows == 5
    for words, tags in zip(test["words"].to_pylist(), test["gold_tags"].to_pylist(), strict=True):
        assert tags == [int(words[0][1:]) % 2, 0]
