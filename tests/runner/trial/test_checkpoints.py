"""Checkpoints: whole or not there, refused when damaged, foreign or of another format."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from runner.trial import checkpoints
from runner.trial.checkpoints import HEADER, SEAL, CheckpointError, content_hash, load, save, seal

TENSORS = {
    "network.weight": torch.arange(12.0).view(3, 4),
    "mask.weight": torch.tensor([[True, False, True, True]] * 3),
    "optimizer.0.step": torch.tensor(7.0),
    "empty": torch.zeros(0, 5),
}
FACTS = {"epoch": 3, "threshold": None, "parent_weights": "ab", "seconds": 1.5}


def test_what_was_saved_comes_back(tmp_path):
    """Tensors of every type and shape, facts and hash return as they were, in memory of their own."""
    path = tmp_path / "trial" / "state.safetensors"
    content = save(path, "t1", TENSORS, FACTS)
    found = load(path, "t1")
    assert found.facts == FACTS
    assert found.content == content == content_hash(TENSORS) == content_hash(found.tensors)
    assert found.tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert torch.equal(found.tensors[name], tensor)
        assert found.tensors[name].dtype == tensor.dtype
    found.tensors["network.weight"].fill_(0)
    assert torch.equal(load(path, "t1").tensors["network.weight"], TENSORS["network.weight"])


def test_only_the_newest_is_kept(tmp_path):
    """Saving again replaces the file and leaves nothing aside."""
    path = tmp_path / "state.safetensors"
    for epoch in (1, 2):
        save(path, "t1", TENSORS, {"epoch": epoch})
    assert load(path, "t1").facts == {"epoch": 2}
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.safetensors"]


@pytest.mark.parametrize(("place", "name"), [(os, "fsync"), (Path, "replace")])
def test_a_failed_save_leaves_the_previous_one(tmp_path, monkeypatch, place, name):
    """If the machine fails before the file takes its name, the old checkpoint is still there, whole, and alone."""
    path = tmp_path / "state.safetensors"
    save(path, "t1", TENSORS, {"epoch": 1})

    def fail(*_: object) -> None:
        raise OSError("disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(place, name, fail)
        with pytest.raises(OSError, match="disk is full"):
            save(path, "t1", TENSORS, {"epoch": 2})
    assert load(path, "t1").facts == {"epoch": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.safetensors"]


@settings(max_examples=60)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_flipped_bit_is_noticed(tmp_path_factory, place, bit):
    """One wrong bit anywhere, header included, is an error that says damaged; it never loads."""
    path = tmp_path_factory.mktemp("flip") / "state.safetensors"
    save(path, "t1", TENSORS, FACTS)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        found = load(path, "t1")
    except CheckpointError as error:
        assert "damaged" in str(error)  # noqa: PT017  (a flip in JSON white space may also load, unharmed)
    else:
        assert found.facts == FACTS
        assert found.content == content_hash(TENSORS)


@pytest.mark.parametrize("length", [0, 5, 100, -1])
def test_a_truncated_file_is_damaged(tmp_path, length):
    """A file cut anywhere is refused with its path and what to do."""
    path = tmp_path / "state.safetensors"
    save(path, "t1", TENSORS, FACTS)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CheckpointError, match=r"state\.safetensors is damaged.*delete it to train"):
        load(path, "t1")


def test_a_file_replaced_between_its_two_openings_is_read_again(tmp_path, monkeypatch):
    """What another attempt put there between header and mapping is read, whole, and is no damage."""
    path = tmp_path / "state.safetensors"
    save(path, "t1", TENSORS, {"epoch": 1})

    def replaced(*given: object, **named: object) -> object:
        monkeypatch.setattr(checkpoints, "safe_open", safe_open)
        save(path, "t1", {"one": torch.ones(1)}, {"epoch": 2})
        raise RuntimeError("size <360> is smaller than the required mapping size <12320>")  # as torch says it

    monkeypatch.setattr(checkpoints, "safe_open", replaced)
    assert load(path, "t1").facts == {"epoch": 2}


def test_another_trials_checkpoint_is_refused(tmp_path):
    """A file moved into the wrong folder never becomes another trial's state."""
    path = tmp_path / "state.safetensors"
    save(path, "t1", TENSORS, FACTS)
    with pytest.raises(CheckpointError, match="belongs to trial 't1', not to t2"):
        load(path, "t2")


def test_another_format_is_refused(tmp_path):
    """A checkpoint of a later version says which format it has and which is read."""
    path = tmp_path / "state.safetensors"
    header = json.dumps({"format": 2, "trial_id": "t1", "content": "", "facts": {}})
    save_file(TENSORS, path, metadata={HEADER: header, SEAL: seal(header)})
    with pytest.raises(CheckpointError, match="format 2, this version reads format 1"):
        load(path, "t1")


def test_a_foreign_safetensors_file_is_refused(tmp_path):
    """A file without our header is not a checkpoint."""
    path = tmp_path / "state.safetensors"
    save_file(TENSORS, path)
    with pytest.raises(CheckpointError, match="damaged"):
        load(path, "t1")


def test_a_missing_file_is_no_damage(tmp_path):
    """No checkpoint is an ordinary state of affairs, with an error of its own."""
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "state.safetensors", "t1")


def test_the_hash_knows_names_types_shapes_and_bytes():
    """Equal states have equal hashes in any order; any difference gives another."""
    state = {"a": torch.arange(4.0), "b": torch.zeros(2)}
    assert content_hash(state) == content_hash(dict(reversed(state.items())))
    others = [
        {"a": torch.arange(4.0), "c": torch.zeros(2)},
        {"a": torch.arange(4.0).view(2, 2), "b": torch.zeros(2)},
        {"a": torch.arange(4.0), "b": torch.zeros(2, dtype=torch.int32)},
        {"a": torch.arange(4.0), "b": -torch.zeros(2)},
    ]
    assert len({content_hash(state), *map(content_hash, others)}) == 5
    assert content_hash({"a": torch.arange(6.0).view(2, 3).T}) == content_hash(
        {"a": torch.arange(6.0).view(2, 3).T.clone()}
    )


def test_deleting_twice_is_deleting_once(tmp_path):
    """A folder goes with all in it; no folder is fine."""
    save(tmp_path / "trial" / "state.safetensors", "t1", TENSORS, FACTS)
    checkpoints.delete(tmp_path / "trial")
    checkpoints.delete(tmp_path / "trial")
    assert not (tmp_path / "trial").exists()
