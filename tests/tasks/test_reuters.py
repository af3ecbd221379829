"""Reuters-21578, against the paper's numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tasks import reuters
from tasks.base import TaskError
from tasks.examples import split_sizes
from tasks.lengths import statistics, token_counts
from tasks.metrics import indicators, macro_f1
from tests.tasks.conftest import shared

SGML = """<!DOCTYPE lewis SYSTEM "lewis.dtd">
<REUTERS TOPICS="YES" LEWISSPLIT="TRAIN" CGISPLIT="TRAINING-SET" OLDID="1" NEWID="{newid}">
<TOPICS>{topics}</TOPICS><PLACES><D>usa</D></PLACES>
<TEXT>&#2;<TITLE>A title</TITLE><BODY>{body}&#3;</BODY></TEXT>
</REUTERS>
"""


@pytest.fixture(scope="module")
def data():
    """All 9,606 documents."""
    return reuters.load(shared("reuters21578", "reuters21578.tar.xz"))


def test_counts_of_the_paper(data):
    """9,606 documents, 23 topics, 6,737 / 1,440 / 1,429, 1.178 topics a document."""
    assert split_sizes(data.examples) == {"train": 6737, "validation": 1440, "test": 1429}
    assert (data.examples.num_rows, len(data.classes)) == (9606, 23)
    labels = data.examples["labels"].to_pylist()
    assert sum(map(len, labels)) / len(labels) == pytest.approx(1.178, abs=0.0005)


def test_lengths_of_the_paper(data):
    """Table 7: mean 126, median 79, shortest 5, longest 1,305 (counted from 0), deviation 137, 85 % at most 232."""
    found = statistics(token_counts(data.examples))
    assert (round(found["mean"]), found["median"], found["min"], found["max"] + 1) == (126, 79, 5, 1305)
    assert (int(found["std"]), found["p85"]) == (137, 232)


def test_a_collapsed_model_scores_what_the_paper_reports(data):
    """Naming every topic for every test document has macro-F1 0.087, the value of the paper's collapsed models."""
    gold = indicators(data.split("test")["labels"].to_pylist(), 23)
    assert macro_f1(gold, np.ones_like(gold)) == pytest.approx(0.0873, abs=0.0005)


def test_every_topic_has_its_share_of_every_split(data):
    """Stratified to within one document; "earn", dealt last and in 3,776 documents, takes up the slack, below 2 %."""
    counts = {split: indicators(data.split(split)["labels"].to_pylist(), 23).sum(axis=0) for split in reuters.SIZES}
    whole = sum(counts.values())
    for split, size in reuters.SIZES.items():
        away = np.abs(counts[split] - whole * size / 9606)
        assert away[data.classes.index("earn")] < 0.02 * 3776 * size / 9606
        assert np.delete(away, data.classes.index("earn")).max() < 1


def test_cleaning():
    """Lower case; a hyphen parts words, other marks and digits vanish."""
    assert reuters.clean("U.S. dollar-denominated 5.5 pct\n  bonds, (it's)") == "us dollar denominated pct bonds its"


def test_parsing(tmp_path):
    """Topics once each, the body without entities, documents by NEWID whatever the file."""
    (tmp_path / "reut2-000.sgm").write_text(SGML.format(newid=7, topics="<D>b</D><D>a</D><D>b</D>", body="X &lt;Y>"))
    (tmp_path / "reut2-001.SGM").write_text(SGML.format(newid=3, topics="", body="caf\xe9"), encoding="latin-1")
    first, second = reuters.read_documents(tmp_path)
    assert (first.newid, first.topics, first.body) == (3, (), "caf\xe9")
    assert (second.topics, second.body) == (("b", "a"), "X <Y>")


def test_a_part_of_the_collection_is_refused(tmp_path):
    """A copy with files missing says what the whole has."""
    (tmp_path / "reut2-000.sgm").write_text(SGML.format(newid=7, topics="<D>earn</D>", body="x"))
    with pytest.raises(
        TaskError, match="0 documents with 0 frequent topics; the whole Reuters-21578 gives 9606 with 23"
    ):
        reuters.load(tmp_path)
    with pytest.raises(TaskError, match="set data to"):
        reuters.load(None)
    (tmp_path / "reut2-000.sgm").unlink()
    with pytest.raises(TaskError, match="has no Reuters documents"):
        reuters.load(tmp_path)
