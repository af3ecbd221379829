"""Stores in object storage, against a real server of the S3 API: the same guarantees as on a disk."""

from __future__ import annotations

import io
import json
import os
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

pytest.importorskip("s3fs", reason="pip install -e '.[test]' installs s3fs")
pytest.importorskip("moto", reason="pip install -e '.[test]' installs moto")

from analysis.figures import FIGURES
from analysis.relations.query import run_query
from analysis.report import write_report
from runner.command_line import app
from runner.store import reader, session
from runner.store.compaction.compact import compact
from runner.store.digest import digest
from runner.store.errors import StoreError
from runner.store.events import events_of
from runner.store.files.place import place
from runner.store.files.storage import DISK, OBJECTS, storage
from runner.store.layout import Layout
from runner.store.leftovers import sweep_leftovers
from runner.store.merge import merge
from runner.store.prune import prune_checkpoints
from runner.store.schema import Facts
from runner.store.session import StoreHeld, hold, running_trials
from runner.store.verify import broken_invariants
from runner.store.writer import commit
from runner.trial import checkpoints
from tests.runner.store import samples
from tests.runner.store.object_server import BUCKET, object_server
from tests.runner.store.races import raced

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", autouse=True)
def server():
    """The server of all tests here."""
    with object_server():
        yield


def fs(root: Path) -> Any:
    """The file system of a place in object storage."""
    given: Any = root
    return given.fs


@pytest.fixture
def root(server) -> Path:
    """The place of a new store."""
    return place(f"s3://{BUCKET}/{uuid.uuid4().hex[:8]}/store")


def test_a_store_is_the_same_in_object_storage(root: Path, tmp_path: Path) -> None:
    """Equal trials give the digest of a store on a disk; every invariant holds, before and after a compaction."""
    samples.store(root)
    samples.store(tmp_path)
    assert broken_invariants(root) == []
    assert digest(root) == digest(tmp_path)
    assert compact(root).trials == 6
    assert broken_invariants(root) == []
    assert digest(root) == digest(tmp_path)
    assert reader.committed_ids(root) == reader.committed_ids(tmp_path)


def test_extras_are_objects_too(root: Path, tmp_path: Path) -> None:
    """What trials keep beside their rows: committed, checked, merged to a disk and back."""
    samples.store(root, seeds=1, extras=("model",))
    samples.store(tmp_path / "there", seeds=1, extras=("model",))
    assert broken_invariants(root) == []
    assert digest(root) == digest(tmp_path / "there")
    assert merge(tmp_path / "disk", [root]).added == 3
    assert digest(tmp_path / "disk") == digest(root)
    path = Layout(root).extras / min(path.name for path in Layout(root).extras.iterdir())
    OBJECTS.replace(path, b"X")
    assert len(broken_invariants(root)) == 1


def test_questions_and_report(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQL and the report read a store in object storage as they read one on a disk."""
    monkeypatch.setattr("analysis.report.FIGURES", {"pie_rate": FIGURES["pie_rate"]})  # all draw from the same rows
    samples.store(root)
    samples.store(tmp_path / "store")
    question = """SELECT method, count(*) AS rows, bit_xor(hash(trial_id, example_id, label)) AS labels
        FROM predictions JOIN trials USING (trial_id) GROUP BY ALL ORDER BY ALL"""
    answers = []
    for store in (root, tmp_path / "store"):
        out = io.StringIO()
        run_query(store, question, "csv", out)
        answers.append(out.getvalue())
    assert answers[0] == answers[1]
    assert len(answers[0].splitlines()) == 4
    assert write_report(root, tmp_path / "report").is_file()


def test_one_of_many_racing_attempts_wins(root: Path) -> None:
    """Of six attempts that commit one trial at the same moment exactly one is visible, and its file alone stays."""
    samples.save_task(root, samples.task())
    facts = Facts(achieved_sparsity=0.0)
    found = raced([lambda n=n: commit(root, samples.spec(), samples.rows(n), facts) for n in range(6)])
    (winner,) = [record for record in found if record is not None]
    assert reader.commits(root) == [winner]
    assert [path.name for path in Layout(root).data.iterdir()] == [Path(winner.files[0].path).name]


def test_a_put_that_is_sent_again_knows_itself(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A put whose answer was lost, and that is sent again, has still won."""
    put, puts = fs(root).pipe_file, list[Any]()

    def put_twice(*arguments, **options):
        puts.extend(put(*arguments, **options) for _ in range(2))

    monkeypatch.setattr(fs(root), "pipe_file", put_twice)
    assert OBJECTS.create(root / "y", b"mine")
    assert len(puts) == 1


def test_a_server_that_overwrites_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a server ignores the condition of a put, no store is begun."""
    put = fs(root).pipe_file
    monkeypatch.setattr(fs(root), "pipe_file", lambda path, value, mode="overwrite": put(path, value))
    with pytest.raises(StoreError, match="ignores 'If-None-Match"):
        samples.save_task(root, samples.task())
    assert not root.exists()


def test_a_lease_is_held_renewed_taken_over_and_given_back(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One driver at a time; a lease is dead by the clock of the server, which stamps objects."""
    monkeypatch.setattr(session, "BEAT_SECONDS", 0.05)
    lease = Layout(root).sessions / "lease.json"
    with hold(root) as held:
        held.started("t1")
        held.event("trial-started", "t1")
        for _ in range(1000):
            if running_trials(root) == {"t1"} and events_of(root, "trial-started"):
                break
            threading.Event().wait(0.05)
        assert running_trials(root) == {"t1"}
        assert [event["trial_id"] for event in events_of(root, "trial-started")] == ["t1"]
        with pytest.raises(StoreHeld, match=f"process {os.getpid()}"), hold(root):
            pass
    assert not lease.exists()
    assert len(events_of(root, "session-ended")) == 1
    OBJECTS.replace(
        lease, json.dumps({"session": "s", "host": "elsewhere", "boot": "b", "pid": 1, "running": []}).encode()
    )
    with pytest.raises(StoreHeld, match="elsewhere"), hold(root):
        pass
    monkeypatch.setattr(session, "STALE_SECONDS", 0.0)
    with hold(root):
        pass
    assert not lease.exists()


def test_a_driver_that_lost_its_lease_leaves_the_new_one_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that slept until another took over notices, and neither renews nor removes the new lease."""
    monkeypatch.setattr(session, "BEAT_SECONDS", 0.05)
    lease = Layout(root).sessions / "lease.json"
    other = json.dumps({"session": "another"}).encode()
    with hold(root) as sleeper:
        OBJECTS.replace(lease, other)
        assert sleeper.lost.wait(60)
    assert lease.read_bytes() == other


def test_checkpoints(root: Path) -> None:
    """A state comes back bit for bit, is replaced whole, is refused when damaged, and goes with its folder."""
    folder = Layout(root).checkpoint("t1")
    path = folder / checkpoints.STATE
    with pytest.raises(FileNotFoundError):
        checkpoints.load(path, "t1")
    for epoch in (1, 2):
        weights = torch.full((3, 4), float(epoch))
        checkpoints.save(path, "t1", {"w": weights}, {"epoch": epoch})
        loaded = checkpoints.load(path, "t1")
        assert torch.equal(loaded.tensors["w"], weights)
        assert loaded.facts == {"epoch": epoch}
    OBJECTS.replace(path, path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(checkpoints.CheckpointError, match="damaged"):
        checkpoints.load(path, "t1")
    checkpoints.delete(folder)
    assert not folder.exists()
    checkpoints.delete(folder)


def test_stop_files_are_not_asked_for_at_every_step(root: Path) -> None:
    """A thousand looks are one request; a stop is seen at the next one, and then never asked for again."""
    asked: list[Path] = []
    stop = root / "sessions" / "s.stop"

    class Counted:
        def exists(self) -> bool:
            asked.append(stop)
            return stop.exists()

    stopped = OBJECTS.watched(Counted(), seconds=60.0)
    assert not any(stopped() for _ in range(1000))
    assert len(asked) == 1
    eager = OBJECTS.watched(Counted(), seconds=0.0)
    stop.touch()
    assert eager()
    assert eager()
    assert len(asked) == 2


def test_leftovers_are_swept(root: Path) -> None:
    """Rows of an attempt that lost go once their trial has committed."""
    samples.save_task(root, samples.task())
    with OBJECTS.new_file(Layout(root).data / f"{samples.spec().trial_id}.0123456789ab.parquet") as file:
        file.write(b"lost")
    assert sweep_leftovers(root, 10.0**12) == 0
    samples.committed(root, samples.spec())
    assert sweep_leftovers(root, 10.0**12) == 1


def test_places(server) -> None:
    """Paths and file URLs are on a disk; what no file system answers to is named; environments reach workers."""
    assert place("a/b") == Path("a/b")
    assert place("file:///a/b") == Path("/a/b")
    assert storage(place(f"s3://{BUCKET}/x")) is OBJECTS
    assert storage(place("file:///a/b")) is DISK
    with pytest.raises(ValueError, match="nosuch"):
        place("nosuch://bucket/x")
    assert DISK.environment({"AWS_PROFILE": "p"}) == {}
    assert OBJECTS.environment({"AWS_PROFILE": "p", "HOME": "h"}) == {"AWS_PROFILE": "p"}
    OBJECTS.require_exclusive_creation(place(f"s3://{BUCKET}/x"))


def test_upkeep(root: Path, tmp_path: Path) -> None:
    """Checkpoints nobody needs are pruned, a damaged one is set aside, a store on a disk is merged into this one."""
    first, *_ = samples.store(root, seeds=1)
    state = Layout(root).checkpoint(first.trial_id) / checkpoints.STATE
    checkpoints.save(state, first.trial_id, {"w": torch.zeros(2)}, {})
    moved = checkpoints.set_aside(state)
    assert not state.exists()
    assert moved.is_file()
    assert prune_checkpoints(root).removed == 1
    assert not state.parent.exists()
    samples.store(tmp_path, seeds=2)
    assert merge(root, [tmp_path]).added == 3
    assert digest(root) == digest(tmp_path)
    assert broken_invariants(root) == []


def test_the_doctor_tries_object_storage(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor tries what commits rely on at a store's URL, and leaves nothing; no server is a line, no traceback."""
    piesweep = CliRunner()
    result = piesweep.invoke(app, ["doctor", "--store", str(root), "--json"])
    found = {check["check"]: check for check in json.loads(result.stdout) if check["check"].startswith("store")}
    assert list(found) == ["store: exclusive creation", "store: atomic replacement"]
    assert all(check["ok"] for check in found.values())
    assert not root.exists()
    absent = place(f"s3://{uuid.uuid4().hex}/store")
    result = piesweep.invoke(app, ["doctor", "--store", str(absent), "--json"])
    assert result.exit_code == 1
    found = {check["check"]: check for check in json.loads(result.stdout) if not check["ok"]}
    assert "credentials" in found["store: exclusive creation"]["advice"]


def test_predictions_made_elsewhere_come_into_object_storage(root: Path, tmp_path: Path) -> None:
    """What is ingested into a store's URL is the store that it is on a disk."""
    lines = ["task,model,method,sparsity,seed,split,example_id,label"]
    for method, sparsity in (("dense", 0.0), ("imp-ft", 0.9)):
        lines += [
            f"films,net,{method},{sparsity},{seed},test,{i},{'no' if i % 2 else 'yes'}"
            for seed in (0, 1)
            for i in range(4)
        ]
    (tmp_path / "predictions.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "examples.csv").write_text(
        "\n".join(
            [
                "task,split,example_id,label,text",
                *(f"films,test,{i},no,text {i}" for i in range(3)),
                "films,test,3,yes,t",
            ]
        )
    )
    given = ["--predictions", str(tmp_path / "predictions.csv"), "--examples", str(tmp_path / "examples.csv")]
    for store in (root, tmp_path / "store"):
        result = CliRunner().invoke(app, ["ingest", str(store), *given])
        assert result.exit_code == 0, result.output
    assert digest(root) == digest(tmp_path / "store")
    assert broken_invariants(root) == []
