"""Records and the texts that tell them: E2E's tables, DART's triples, WebNLG's XML, and what is none of them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tasks import TASKS
from tasks.base import TaskChoice, TaskError
from tasks.catalogue import describe, open_task
from tasks.choices import beams_of
from tasks.examples import split_sizes
from tasks.overview import lines_of
from tests.tasks.conftest import shared

ROWS = [
    ("name[The Punter], eatType[restaurant], priceRange[£20-25]", 'A restaurant, "The Punter".'),
    ("name[The Punter], eatType[restaurant], priceRange[£20-25]", "The Punter costs £20-25."),
    ("name[Aromi], familyFriendly[no]", "Aromi is for adults.\n"),
]
TRIPLES = [["Mars Hill College", "JOINED", "1973"], ["Mars Hill College", "LOCATION", "Mars Hill, North Carolina"]]
ENTRY = """<entry category="Airport" eid="Id{number}" size="1">
  <originaltripleset><otriple>Aarhus_Airport | city | "Aarhus"@en</otriple></originaltripleset>
  <modifiedtripleset><mtriple>Aarhus_Airport | cityServed | "Aarhus, Denmark"</mtriple>
  <mtriple>Aarhus | leader | Name_{number}</mtriple></modifiedtripleset>
  <lex comment="good" lid="Id1">Aarhus &amp; its airport.</lex>
  <lex comment="good" lid="Id2" lang="en">It serves Aarhus.</lex>
  <lex lid="Id3" lang="ru">\u0413\u043e\u0440\u043e\u0434</lex>
</entry>"""


def write_e2e(folder: Path, rows: list[tuple[str, str]] = ROWS, heading: tuple[str, str] = ("mr", "ref")) -> Path:
    """The three files of E2E."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("trainset.csv", "devset.csv", "testset_w_refs.csv"):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows([heading, *rows])
    return folder


def write_dart(folder: Path, entries: object = None) -> Path:
    """The three files of DART."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [{"source": "WikiSQL", "text": "It joined in 1973."}, {"source": "WikiSQL", "text": "A college."}]
    usual = [{"tripleset": TRIPLES, "subtree_was_extended": False, "annotations": texts}]
    for part in ("train", "dev", "test"):
        path = folder / f"dart-v1.1.1-full-{part}.json"
        path.write_text(json.dumps(usual if entries is None else entries))
    return folder


def write_webnlg(folder: Path, entry: str = ENTRY, head: str = '<?xml version="1.0" ?>') -> Path:
    """A file of each split, in folders as published; of test also the one without references."""
    names: tuple[str, ...] = (
        "train/1triples/1triples_a.xml",
        "train/2triples/2triples_b.xml.gz",
        "dev/1triples/1triples_a.xml",
    )
    names += ("test/rdf-to-text-generation-test-data-with-refs-en.xml",)
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        text = f"{head}<benchmark><entries>{entry.replace('{number}', str(number))}</entries></benchmark>".encode()
        (folder / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    without = "".join(part for part in ENTRY.split("\n") if "<lex" not in part)
    bare = f"<benchmark><entries>{without}</entries></benchmark>"
    (folder / "test" / "rdf-to-text-generation-test-data-without-refs-en.xml").write_text(bare)
    return folder


WRITERS = {"e2e": write_e2e, "dart": write_dart, "webnlg": write_webnlg}


def opened(name: str, data: Path, **further: object):
    """The examples of a copy."""
    return open_task(TaskChoice(name=name, data=str(data), **further))


def test_restaurants_are_attributes_and_what_people_wrote(tmp_path: Path) -> None:
    """Quotes, commas and ends of lines in cells; each text of train is learned, else a record stands once."""
    data = opened("e2e", write_e2e(tmp_path))
    assert split_sizes(data.examples) == {"train": 3, "validation": 2, "test": 2}
    assert data.split("train")["gold_texts"].to_pylist()[0] == ['A restaurant, "The Punter".']
    test = data.split("test").to_pylist()
    assert test[0]["text"] == "name : The Punter | eatType : restaurant | priceRange : £20-25"
    assert test[0]["gold_texts"] == ['A restaurant, "The Punter".', "The Punter costs £20-25."]
    assert test[1]["gold_texts"] == ["Aromi is for adults."]
    assert data.note == "the copy is not the whole: train 3 of 42061, validation 2 of 547, test 2 of 630"


def test_triples_of_tables_are_told(tmp_path: Path) -> None:
    """A set of triples is one line, and all its sentences are its references."""
    data = opened("dart", write_dart(tmp_path))
    assert split_sizes(data.examples) == {"train": 2, "validation": 1, "test": 1}
    (row,) = data.split("test").to_pylist()
    assert row["text"] == (
        "Mars Hill College : JOINED : 1973 | Mars Hill College : LOCATION : Mars Hill, North Carolina"
    )
    assert row["gold_texts"] == ["It joined in 1973.", "A college."]


def test_facts_of_dbpedia_are_told(tmp_path: Path) -> None:
    """Triples as they were put right, English texts alone, files of all folders, the category beside."""
    data = opened("webnlg", write_webnlg(tmp_path))
    assert split_sizes(data.examples) == {"train": 4, "validation": 1, "test": 1}
    (row,) = data.split("test").to_pylist()
    assert row["text"] == 'Aarhus_Airport : cityServed : "Aarhus, Denmark" | Aarhus : leader : Name_3'
    assert row["gold_texts"] == ["Aarhus & its airport.", "It serves Aarhus."]
    assert row["category"] == "Airport"
    assert len(set(data.split("train")["text"].to_pylist())) == 2


@pytest.mark.parametrize("name", WRITERS)
def test_how_texts_are_written_and_scored(tmp_path: Path, name: str) -> None:
    """Five beams unless a study says otherwise; what papers report and is not measured is said in one line."""
    data = opened(name, WRITERS[name](tmp_path))
    assert data.scored_by == ("bleu", "rouge-l", "chrf")
    (said,) = [line for line in lines_of(data) if "not measured" in line]
    assert ("meteor" if name == "e2e" else "bleurt") in said
    assert "\n" not in said
    assert beams_of(TaskChoice(name=name)) == 5
    assert beams_of(TaskChoice(name=name, beams=1)) == 1
    card = describe(name)
    assert (card["beams"], card["published_metrics"]) == (5, list(TASKS[name].published))
    with pytest.raises(TaskError, match="beams are for texts that are written"):
        open_task(TaskChoice(name="glue/rte", beams=2))


BOMB = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
FILE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("e2e", {"rows": [("name[A", "x")]}, r"row 1: 'name\[A' is no list of name\[value\]"),
        ("e2e", {"rows": [*ROWS, ("name[A]", " ")]}, "row 4 has no text, or an empty one"),
        ("e2e", {"rows": [("", "x")]}, "row 1 holds no facts"),
        ("e2e", {"rows": []}, "has no records for train"),
        ("e2e", {"heading": ("MR", "text")}, "has no column mr, ref; it has MR, text"),
        ("dart", {"entries": [{"tripleset": [["a", "b"]], "annotations": []}]}, r"entry 1: \['a', 'b'\] is no triple"),
        ("dart", {"entries": [{"tripleset": TRIPLES, "annotations": []}]}, "entry 1 has no text, or an empty one"),
        ("dart", {"entries": [{"triples": []}]}, "cannot be read as a list of tripleset and annotations"),
        ("dart", {"entries": {"a": 1}}, "cannot be read as a list of tripleset and annotations"),
        (
            "webnlg",
            {"entry": ENTRY.replace("Aarhus | leader | ", "Aarhus leader ")},
            r"entry Id2 \(Airport\): .* is no triple",
        ),
        ("webnlg", {"entry": ENTRY.replace("Aarhus &amp; its airport.", " ")}, "has no text, or an empty one"),
        ("webnlg", {"entry": "<entry>"}, "cannot be read as XML: mismatched tag"),
        ("webnlg", {"head": BOMB, "entry": ENTRY.replace("Aarhus &amp;", "&b;")}, "declares a document type .lolz."),
        ("webnlg", {"head": FILE, "entry": ENTRY.replace("Aarhus &amp;", "&a;")}, "declares a document type .x."),
    ],
)
def test_files_that_are_none_are_refused(tmp_path: Path, name: str, changes: dict[str, Any], message: str) -> None:
    """One line with the place; nothing of an XML file's own entities is read."""
    with pytest.raises(TaskError, match=message) as told:
        opened(name, WRITERS[name](tmp_path, **changes))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "gone", "message"),
    [
        ("e2e", "trainset.csv", "holds no trainset.csv; bring"),
        ("dart", "dart-v1.1.1-full-dev.json", "holds no dart-v1.1.1-full-dev.json"),
        ("webnlg", "dev/1triples/1triples_a.xml", "holds no XML files of dev"),
    ],
)
def test_a_copy_that_lacks_a_split_is_refused(tmp_path: Path, name: str, gone: str, message: str) -> None:
    """By the name of its file."""
    (WRITERS[name](tmp_path) / gone).unlink()
    with pytest.raises(TaskError, match=message):
        opened(name, tmp_path)


def test_a_file_of_two_splits_is_not_guessed(tmp_path: Path) -> None:
    """A folder train in a folder test says nothing."""
    folder = write_webnlg(tmp_path)
    (folder / "test" / "train").mkdir()
    (folder / "test" / "train" / "a.xml").write_text("<benchmark/>")
    with pytest.raises(TaskError, match="do not say which of train, dev and test it is"):
        opened("webnlg", folder)


def test_tokenised_texts_stand_for_train_where_it_is_missing(tmp_path: Path) -> None:
    """The archive of Wiseman et al. gives the same records, and a note says what its texts are."""
    folder = write_e2e(tmp_path)
    (folder / "trainset.csv").unlink()
    files = {
        "src_train.txt": "__start_name__ Aromi __end_name__ "
        "__start_customerrating__ 5 out of 5 __end_customerrating__\n",
        "train.txt": "Aromi is rated 5 out of 5 . <eos>|||0,1,0\n",
    }
    with tarfile.open(folder / "e2e_aligned.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"e2e_aligned/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    data = opened("e2e", folder)
    (row,) = data.split("train").to_pylist()
    assert row["text"] == "name : Aromi | customer rating : 5 out of 5"
    assert row["gold_texts"] == ["Aromi is rated 5 out of 5 ."]
    assert data.note.startswith("train comes from e2e_aligned.tar.gz: its texts are tokenised")


def test_the_published_records_are_whole() -> None:
    """E2E's own dev and test files, and all of train, tokenised: as many records as published."""
    data = opened("e2e", shared("e2e"))
    assert split_sizes(data.examples) == TASKS["e2e"].sizes
    assert "the copy is not the whole" not in data.note
    assert sum(len(row) for row in data.split("test")["gold_texts"].to_pylist()) == 4577  # of 4,693, each once
