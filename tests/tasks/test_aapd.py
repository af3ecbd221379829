"""AAPD in both layouts it is handed around in."""

from __future__ import annotations

import pytest

from tasks import aapd
from tasks.base import TaskError
from tasks.examples import split_sizes

SMALL = {"train": 54, "validation": 3, "test": 2}


def subjects(row):
    """Two or one classes of the made-up abstract number `row`."""
    return sorted({row % 54, row * 7 % 54})


def write_bits(folder, sizes):
    """Made-up abstracts as header-less tables of bits; the first row is an example."""
    for split, name in (("train", "train"), ("validation", "dev"), ("test", "test")):
        rows = []
        for row in range(sizes[split]):
            bits = "".join("1" if at in subjects(row) else "0" for at in range(54))
            rows.append(f"{bits}\t{split} abstract {row}\n")
        (folder / f"aapd_{name}.tsv").write_text("".join(rows))
    return folder


def write_names(folder, sizes):
    """The same abstracts as pairs of files with named subjects."""
    for split, name in (("train", "train"), ("validation", "val"), ("test", "test")):
        rows = range(sizes[split])
        (folder / f"text_{name}").write_text("".join(f"{split} abstract {row}\n" for row in rows))
        labels = "".join(" ".join(f"topic-{at:02}" for at in subjects(row)) + "\n" for row in rows)
        (folder / f"label_{name}").write_text(labels)
    return folder


@pytest.fixture
def small(monkeypatch):
    """A split of a few abstracts."""
    monkeypatch.setattr(aapd, "SIZES", SMALL)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("write", [write_bits, write_names])
def test_both_layouts_give_the_same_examples(write, tmp_path):
    """Tables of bits and named lines: every row counts, the first included."""
    data = aapd.load(write(tmp_path, SMALL))
    assert split_sizes(data.examples) == SMALL
    assert data.split("test")["text"].to_pylist() == ["test abstract 0", "test abstract 1"]
    assert data.split("train")["labels"].to_pylist() == [subjects(row) for row in range(54)]
    assert (len(data.classes), data.classes[3]) == (54, "topic-03")


@pytest.mark.usefixtures("small")
def test_a_list_of_classes_names_the_bits(tmp_path):
    """classes.txt beside the tables gives the bits their names, in its order."""
    names = [f"cs.{number}" for number in reversed(range(54))]
    (tmp_path / "classes.txt").write_text("\n".join(names) + "\n")
    assert list(aapd.load(write_bits(tmp_path, SMALL)).classes) == names


@pytest.mark.usefixtures("small")
def test_a_line_that_is_no_example_is_named(tmp_path):
    """A wrong line is told with file and number."""
    table = write_bits(tmp_path, SMALL) / "aapd_dev.tsv"
    table.write_text(table.read_text().replace("\tvalidation abstract 1", " validation abstract 1"))
    with pytest.raises(TaskError, match=r"aapd_dev.tsv .*line 2: expected 54 bits"):
        aapd.load(tmp_path)


@pytest.mark.usefixtures("small")
def test_unequal_files_are_named(tmp_path):
    """A text without its labels is an error."""
    texts = write_names(tmp_path, SMALL) / "text_val"
    texts.write_text(texts.read_text() + "one more\n")
    with pytest.raises(TaskError, match="text_val has 4 lines and label_val 3"):
        aapd.load(tmp_path)


def test_a_part_is_refused(tmp_path):
    """The sizes of the original split are required."""
    with pytest.raises(TaskError, match=r"holds .*'train': 54.*the original split has .*53840"):
        aapd.load(write_bits(tmp_path, SMALL))


def test_no_copy():
    """Without a copy the message asks for one."""
    with pytest.raises(TaskError, match="set data to"):
        aapd.load(None)
