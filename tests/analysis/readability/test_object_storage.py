"""Scores of a store in object storage."""

from __future__ import annotations

import uuid

import pytest

pytest.importorskip("s3fs", reason="pip install -e '.[test]' installs s3fs")
pytest.importorskip("moto", reason="pip install -e '.[test]' installs moto")

from analysis.readability import ensure_scores
from analysis.relations.database import connect
from runner.store.files.place import place
from runner.store.readability import kept
from runner.store.verify import broken_invariants
from tests.analysis.stores import write_task
from tests.runner.store.object_server import BUCKET, object_server


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("textstat")
def test_scores_are_kept_beside_the_tasks():
    """Computed once, read by SQL, and found sound, as on a disk."""
    with object_server():
        store = place(f"s3://{BUCKET}/{uuid.uuid4().hex[:8]}/store")
        rows = [{"split": "test", "example_id": n, "label": "no", "text": f"Film {n} is long."} for n in range(3)]
        write_task(store, "films", ["no", "yes"], rows)
        assert ensure_scores(store, lambda *_: None) == 3
        assert ensure_scores(store, lambda *_: None) == 0
        assert list(kept(store)) == [("films", "test")]
        assert connect(store).sql("SELECT sum(tokens) FROM readability").fetchall() == [(15,)]
        assert broken_invariants(store) == []
