"""The folder of a checkpoint of BLEURT, as a study names it: whether it holds one, and which; no weight is loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open

from tasks.base import TaskError
from tasks.bleurt import Checkpoint

NETWORKS = ("bert", "rembert")
"""What transformers calls the networks that checkpoints of BLEURT are."""
OUTPUT = "classifier.weight"
TOKENIZERS = ("tokenizer.json", "vocab.txt", "sentencepiece.model", "spiece.model")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt*", "*.h5", "*.msgpack")
READ = ("*.json", "*.safetensors", "*.txt", "*.model")
"""Which files of a folder tell one checkpoint from another."""
NEEDS = (
    "a checkpoint of BLEURT in the form of transformers: config.json of a BERT or RemBERT with one output, its weights "
    "in safetensors, and its tokenizer"
)


def checkpoint_in(folder: str) -> Checkpoint:
    """The checkpoint that lies in a folder; TaskError for a folder that holds none."""
    place = Path(folder)
    if not place.is_dir():
        raise TaskError(f"bleurt: there is no folder {folder}; give {NEEDS}")
    _require_network(place)
    weights = sorted(place.glob("*.safetensors"))
    if not weights:
        pickled = sorted(path.name for ending in PICKLES for path in place.glob(ending))
        raise TaskError(
            f"bleurt: {folder} has no weights in safetensors"
            + (
                f", but {', '.join(pickled[:3])}, which is never opened: whoever trusts it can load it with "
                "transformers and save it again (save_pretrained)"
                if pickled
                else f"; give {NEEDS}"
            )
        )
    _require_one_output(folder, weights)
    if not any((place / name).is_file() for name in TOKENIZERS):
        raise TaskError(f"bleurt: {folder} has no tokenizer ({', '.join(TOKENIZERS)}); give {NEEDS}")
    return Checkpoint(folder=folder, sha256=_hash_of(place))


def _require_network(place: Path) -> None:
    try:
        config = json.loads((place / "config.json").read_bytes())
    except FileNotFoundError:
        raise TaskError(f"bleurt: {place} has no config.json; give {NEEDS}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise TaskError(f"bleurt: {place / 'config.json'} cannot be read ({error}); give {NEEDS}") from None
    found = config.get("model_type") if isinstance(config, dict) else None
    if found not in NETWORKS:
        raise TaskError(f"bleurt: the network in {place} is a {found!r}; allowed: {' or '.join(NETWORKS)}")


def _require_one_output(folder: str, weights: Sequence[Path]) -> None:
    shapes = []
    for path in weights:
        try:
            with safe_open(path, "numpy") as file:
                shapes += [file.get_slice(OUTPUT).get_shape()] if OUTPUT in file.keys() else []  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise TaskError(f"bleurt: {path} cannot be read as safetensors ({error}); get it again") from None
    if not shapes:
        raise TaskError(f"bleurt: the weights in {folder} have no output layer ({OUTPUT}); give {NEEDS}")
    if shapes[0][0] != 1:
        raise TaskError(f"bleurt: the network in {folder} has {shapes[0][0]} outputs, and BLEURT is one; give {NEEDS}")


def _hash_of(place: Path) -> str:
    """SHA-256 over the names and bytes of what is read."""
    total = hashlib.sha256()
    for path in sorted({path for ending in READ for path in place.glob(ending)}):
        try:
            with path.open("rb") as file:
                total.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        except OSError as error:
            raise TaskError(f"bleurt: {path} cannot be read ({error}); see to its rights, or get it again") from None
    return total.hexdigest()
