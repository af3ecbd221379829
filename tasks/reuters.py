"""Reuters-21578: news with several topics each, prepared as in the PIE paper."""

from __future__ import annotations

import collections
import html
import re
import string
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.archives import read_files
from tasks.base import Split, Task, TaskData, TaskError
from tasks.examples import examples_table, take
from tasks.metrics import indicators
from tasks.splitting import iterative_stratification

CLASSES = (
    *("acq", "bop", "coffee", "corn", "cpi", "crude", "dlr", "earn", "gnp", "gold", "grain", "interest", "livestock"),
    *("money-fx", "money-supply", "nat-gas", "oilseed", "ship", "soybean", "sugar", "trade", "veg-oil", "wheat"),
)
SIZES: dict[Split, int] = {"train": 6737, "validation": 1440, "test": 1429}
MAX_TOKENS = 256
SMALLEST_TOPIC = 100

DOCUMENT = re.compile(r"<REUTERS\b([^>]*)>(.*?)</REUTERS>", re.DOTALL)
NEWID = re.compile(r'NEWID="(\d+)"')
TOPICS = re.compile(r"<TOPICS>(.*?)</TOPICS>", re.DOTALL)
TOPIC = re.compile(r"<D>(.*?)</D>", re.DOTALL)
BODY = re.compile(r"<BODY>(.*?)</BODY>", re.DOTALL)
# A hyphen parts two words, other marks and digits vanish: the one reading that gives the token statistics of
# the paper's Table 7 (mean 126, median 79, shortest 5, longest 1,304, 85 % at most 232).
CLEANING = str.maketrans({**dict.fromkeys(string.punctuation + string.digits, ""), "-": " "})


@dataclass(frozen=True, kw_only=True)
class Document:
    """One news item: its number in the collection, its topics and its body as published."""

    newid: int
    topics: tuple[str, ...]
    body: str


def load(data: Path | None = None) -> TaskData:
    """The 9,606 documents with a body and one of the 23 topics that have at least 100 such documents.

    Texts are bodies in lower case without punctuation and digits (Tropeano et al. 2025, appendix A.2). The authors'
    split is unpublished; ours has its sizes, by iterative stratification over the hash of NEWID, which
    comes along as the column newid. Raises TaskError if the copy is missing, damaged or not the whole collection.
    """
    if data is None:
        raise TaskError("task 'reuters' needs your copy of Reuters-21578: set data to its SGML folder or archive")
    documents = [one for one in read_documents(data) if one.topics and one.body.strip()]
    frequency = collections.Counter(topic for one in documents for topic in one.topics)
    classes = tuple(sorted(topic for topic, count in frequency.items() if count >= SMALLEST_TOPIC))
    index = {topic: number for number, topic in enumerate(classes)}
    kept = [one for one in documents if any(topic in index for topic in one.topics)]
    if classes != CLASSES or len(kept) != sum(SIZES.values()):
        raise TaskError(
            f"{data} gives {len(kept)} documents with {len(classes)} frequent topics; the whole Reuters-21578 gives "
            f"{sum(SIZES.values())} with {len(CLASSES)}: bring all 22 files reut2-000.sgm to reut2-021.sgm"
        )
    labels = [sorted(index[topic] for topic in one.topics if topic in index) for one in kept]
    columns = {"text": [clean(one.body) for one in kept], "labels": labels, "newid": [one.newid for one in kept]}
    ids = np.array(columns["newid"], dtype=np.int64)
    rows = iterative_stratification(ids, indicators(labels, len(classes)), SIZES)
    return TaskData(
        task="reuters",
        kind="multi-label",
        inputs="text",
        classes=classes,
        max_tokens=MAX_TOKENS,
        examples=examples_table({split: take(columns, chosen) for split, chosen in rows.items()}),
    )


def read_documents(data: Path) -> list[Document]:
    """All documents of the collection's SGML files, by NEWID."""
    documents = []
    for name, content in read_files(data, lambda name: name.lower().endswith(".sgm")):
        for attributes, inside in DOCUMENT.findall(content.decode("latin-1")):  # reut2-017 is not UTF-8
            number, topics, body = NEWID.search(attributes), TOPICS.search(inside), BODY.search(inside)
            if number is None:
                raise TaskError(f"{name} in {data} has a document without NEWID; get the original files again")
            found = dict.fromkeys(TOPIC.findall(topics.group(1))) if topics else {}
            text = html.unescape(body.group(1)) if body else ""
            documents.append(Document(newid=int(number.group(1)), topics=tuple(found), body=text))
    if not documents:
        raise TaskError(f"{data} has no Reuters documents; it must hold the files reut2-000.sgm to reut2-021.sgm")
    return sorted(documents, key=lambda one: one.newid)


def clean(body: str) -> str:
    """A body in lower case, words joined by single spaces, without digits and ASCII punctuation."""
    return " ".join(body.lower().translate(CLEANING).split())


TASK = Task(
    name="reuters",
    title="Topics of news (Reuters-21578, 23 frequent topics)",
    kind="multi-label",
    inputs="text",
    classes=CLASSES,
    sizes=SIZES,
    max_tokens=MAX_TOKENS,
    needs_data=True,
    source="Reuters-21578, Distribution 1.0 (D. D. Lewis): 22 SGML files",
    licence="copyright Reuters Ltd.; free distribution for research purposes only",
    reference="Tropeano et al. 2025, appendix A.2; Sechidis et al. 2011 (split)",
    load=load,
)
