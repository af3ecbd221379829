"""WebNLG: facts of DBpedia, as triples, and told in a text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NoReturn

from tasks.archives import read_files, unzipped
from tasks.base import Split, Task, TaskData, TaskError
from tasks.data_to_text import BEAMS, METRICS, SPLIT_OF, Described, data_of, linearised

PART = re.compile(r"(?:^|[/_-])(train|dev|test)(?=[/_.-]|data)", re.IGNORECASE)
MAX_TOKENS = 256
ENGLISH = (None, "", "en")
WITHOUT_TEXTS = "without"
"""In the names of files of the test split that have no references, beside one that has them."""


class Harmless(ET.TreeBuilder):
    """A document without a document type: it has no entities of its own that could grow or name files."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise ValueError(f"it declares a document type ({name}), which is never read")


def load(data: Path | None = None) -> TaskData:
    """Sets of triples in the order of the files' names with the texts that tell them, from WebNLG's XML files.

    Of a file the folder says of which split it is, or its name: train, dev or test. Files without texts are refused: of
    a test split bring the one with references. Triples are those that the authors put right (modifiedtripleset).
    """
    if data is None:
        raise TaskError(
            "task 'webnlg' needs your copy: set data to the folder with train, dev and test of WebNLG's XML"
        )
    records: dict[Split, list[Described]] = {}
    for name, content in read_files(data, lambda name: name.lower().removesuffix(".gz").endswith(".xml")):
        if WITHOUT_TEXTS in name.rsplit("/", 1)[-1]:
            continue
        found = {part.lower() for part in PART.findall(name)}
        if len(found) != 1:
            raise TaskError(f"{name} in {data}: folder and name do not say which of train, dev and test it is")
        records.setdefault(SPLIT_OF[found.pop()], []).extend(_entries(f"{name} in {data}", content))
    if missing := [part for part, split in SPLIT_OF.items() if split not in records]:
        raise TaskError(f"{data} holds no XML files of {', '.join(missing)}; bring the folders train, dev and test")
    return data_of("webnlg", MAX_TOKENS, records)


def _entries(place: str, content: bytes) -> list[Described]:
    try:
        text = unzipped(content)
        root = ET.fromstring(text, ET.XMLParser(target=Harmless()))  # noqa: S314
    except (ET.ParseError, ValueError, LookupError, OSError, EOFError) as error:
        raise TaskError(f"{place} cannot be read as XML: {error}") from error
    return [_described(place, entry) for entry in root.iter("entry")]


def _described(place: str, entry: ET.Element) -> Described:
    where = f"{place} entry {entry.get('eid')} ({entry.get('category')})"
    triples = [(one.text or "").split(" | ") for one in entry.iterfind("modifiedtripleset/mtriple")]
    if odd := [one for one in triples if len(one) != 3]:
        raise TaskError(f"{where}: {' | '.join(odd[0])!r:.80} is no triple, parted by ' | '")
    texts = [one.text or "" for one in entry.iterfind("lex") if one.get("lang") in ENGLISH]
    further = {"category": entry.get("category") or ""}
    return Described(text=linearised(triples), references=texts, place=where, further=further)


TASK = Task(
    name="webnlg",
    title="Facts of DBpedia told in a text (WebNLG)",
    kind="generation",
    inputs="text",
    classes=(),
    sizes=None,
    max_tokens=MAX_TOKENS,
    needs_data=True,
    source="WebNLG's XML files, in folders or files named train, dev and test; of test those with references",
    licence="CC BY-NC-SA 4.0",
    reference="Gardent et al. 2017, The WebNLG Challenge: Generating Text from RDF Data, INLG",
    load=load,
    metrics=METRICS,
    published=("bleu", "bleurt"),
    beams=BEAMS,
)
