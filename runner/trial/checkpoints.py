"""Files that hold a trial's state between two epochs: whole or not there, and refused when damaged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from runner.spec import TrialSpec
from runner.store.files.storage import storage
from runner.store.layout import Layout
from runner.store.reader import commit_record

FORMAT = 1
HEADER = "piesweep"
SEAL = "sha256"
STATE = "state.safetensors"
TRAINED = "trained.safetensors"


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be used: says which file, why, and what to do about it."""


class DamagedCheckpoint(CheckpointError):
    """A checkpoint that is no longer what was written."""


class ParentMissing(RuntimeError):
    """The trained dense state that a trial continues from is not in the store."""

    def __init__(self, parent_id: str, path: str) -> None:
        super().__init__(parent_id, path)
        self.parent_id = parent_id
        self.path = path

    def __str__(self) -> str:
        return f"the trained state of trial {self.parent_id} is missing at {self.path}; train it again (rebuild)"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trial's state: tensors by name, facts as plain values, and the content hash of the tensors."""

    tensors: dict[str, Tensor]
    facts: dict[str, Any]
    content: str


def save(path: Path, trial_id: str, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> str:
    """Puts a checkpoint at the path in one step, over the previous one; returns the tensors' content hash.

    It is written aside in the same folder and forced to disk before it takes the name, so a reader finds the old
    one or the new one whole, whatever dies when.
    """
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    content = content_hash(held)
    header = json.dumps({"format": FORMAT, "trial_id": trial_id, "content": content, "facts": dict(facts)})
    storage(path.parent).require_own(path.parent)
    with storage(path).written(path) as aside:
        save_file(held, aside, metadata={HEADER: header, SEAL: seal(header)})
    return content


def load(path: Path, trial_id: str) -> Checkpoint:
    """The checkpoint at the path, every byte checked against its content hash.

    FileNotFoundError if there is none. CheckpointError if it is damaged, of another trial or of another format: the
    caller must not go on as if there were none, since what is on disk may be the only copy of long work.
    """
    with storage(path).on_disk(path) as local:
        while True:
            seen = local.stat()
            try:
                return _read(local, path, trial_id)
            except DamagedCheckpoint:
                # safetensors opens a file twice by its name: another attempt may have put its own there in between.
                now = local.stat()
                if (now.st_ino, now.st_mtime_ns) == (seen.st_ino, seen.st_mtime_ns):
                    raise


def _read(local: Path, path: Path, trial_id: str) -> Checkpoint:
    """The checkpoint in a file of this machine, which the path names to the user."""
    try:
        with _opened(local) as file:
            metadata = file.metadata() or {}
            if seal(metadata[HEADER]) != metadata[SEAL]:
                raise damaged(path, "its header does not have the recorded hash")
            header = json.loads(metadata[HEADER])
            refuse_foreign(path, header, trial_id)
            # Copies, because views of a mapped file lie at other alignments than the tensors of an undisturbed run.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118  (not a mapping)
        checkpoint = Checkpoint(tensors=tensors, facts=dict(header["facts"]), content=str(header["content"]))
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from error
    if content_hash(tensors) != checkpoint.content:
        raise damaged(path, "its tensors do not have the recorded hash")
    return checkpoint


def _opened(local: Path) -> safe_open:
    """The file, opened and mapped; SafetensorError, as for all else, where it is shorter than its header says."""
    try:
        return safe_open(local, framework="pt")
    except RuntimeError as error:  # torch's; caught here alone, since memory that is short later on is no damage
        raise SafetensorError(str(error)) from error


def refuse_foreign(path: Path, header: Mapping[str, Any], trial_id: str) -> None:
    """CheckpointError unless this program wrote the checkpoint for this trial."""
    if header["format"] != FORMAT:
        raise CheckpointError(
            f"checkpoint {path} has format {header['format']!r}, this version reads format {FORMAT}; finish the trial "
            "with the version that began it, or delete the file to train it from the start"
        )
    if header["trial_id"] != trial_id:
        raise CheckpointError(
            f"checkpoint {path} belongs to trial {header['trial_id']!r}, not to {trial_id}; move it where it belongs, "
            "or delete it"
        )


def set_aside(path: Path) -> Path:
    """Renames a damaged checkpoint, so that it stays for whoever wants to look at it; its new path.

    It goes when the trial commits.
    """
    aside = path.with_name(f"{path.name}.damaged")
    storage(path).move(path, aside)
    return aside


def damaged(path: Path, reason: str) -> DamagedCheckpoint:
    """The error for a file that is no longer what was written."""
    return DamagedCheckpoint(
        f"checkpoint {path} is damaged ({reason}); restore it from a copy, or delete it to train from the start"
    )


def seal(header: str) -> str:
    """SHA-256 of the header's text."""
    return hashlib.sha256(header.encode()).hexdigest()


def delete(folder: Path) -> None:
    """Removes a trial's folder of checkpoints with everything in it; nothing happens if there is none."""
    storage(folder).discard_folder(folder)


def committed_weights(layout: Layout, spec: TrialSpec) -> str | None:
    """The content hash of the trained state that a parent committed. ValueError if it has not committed."""
    record = commit_record(layout.root, spec.trial_id)
    if not spec.has_children or record is None:
        raise ValueError(
            f"trial {spec.trial_id} ({spec.method}) has not committed, or none continues from its like: there is no "
            "state to rebuild"
        )
    return record.facts.weights


def refuse_difference(path: Path, content: str, committed: str | None) -> None:
    """CheckpointError if a parent's trained state is not the one its commit names."""
    if committed is not None and content != committed:
        raise CheckpointError(
            f"the trained state {path} has hash {content[:16]}, but its trial committed {committed[:16]}: it was "
            "trained on another device, with other versions or another number of threads. Rebuild it where it was "
            "first trained, or run the study into a new store"
        )


def content_hash(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over the tensors' names, types, shapes and bytes, by ascending name: equal states have equal hashes."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name}\x1f{tensor.dtype}\x1f{tuple(tensor.shape)}\x1e".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
