"""Write a kept network as a folder that others can load, and load it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save
from torch import Tensor, nn

from runner.export.kept_network import KeptNetwork, kept_network, kept_record
from runner.export.model_card import model_card
from runner.export.quantized import from_sparse_int8, sparse_int8
from runner.export.transformers_network import CLASSES, TransformersNetwork, as_transformers
from runner.models import MODELS, load_module
from runner.models.base import ModelContext
from runner.models.pretrained import fast_tokenizer
from runner.spec import Protocol
from runner.store.files.new_folder import new_folder, refuse_place
from runner.store.files.scratch import scratch_folder
from tasks.images import Images

Format = Literal["dense", "sparse-int8"]
WEIGHTS, SPARSE = "model.safetensors", "sparse-int8.safetensors"
OURS = "piesweep"
"""The key of config.json under which stands what only we read."""


class ModelFolderError(ValueError):
    """A folder that cannot be written or loaded: says why, and what to do."""

    exit_status = 2


@dataclass(frozen=True, kw_only=True)
class ExportedModel:
    """The folder that was written, with what class it is loaded, and its bytes."""

    folder: Path
    loaded_by: str
    bytes: int


def export_model(store: Path, trial: str, out: Path, form: Format = "dense") -> ExportedModel:
    """Write the network that a trial kept. The folder appears whole or not at all.

    dense: weights with zeros, as transformers loads them where it has a class that says the same. sparse-int8: rounded
    to INT8, rows compressed where that pays, for `load_model`.
    """
    refuse_place(store, out, ModelFolderError)
    record = kept_record(store, trial)
    with scratch_folder("export") as cache:
        kept = kept_network(store, record, cache)
        theirs = as_transformers(kept)
        with new_folder(out) as aside:
            _write(kept, theirs, aside, form)
    size = sum(path.stat().st_size for path in out.iterdir())
    return ExportedModel(folder=out, loaded_by=_loaded_by(theirs, form), bytes=size)


def load_model(folder: Path) -> nn.Module:
    """The network of a folder that `export_model` wrote, in evaluation mode. ModelFolderError for any other folder."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        told, form = config[OURS], config[OURS]["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFolderError(f"{folder} is no folder that piesweep export-model wrote ({error})") from error
    if told["auto"] is None:
        network = load_module(MODELS[told["architecture"]]).build(_context(told["context"]))
    elif told["auto"] in CLASSES.values():
        network = _of_transformers(folder, told["auto"])
    else:
        raise ModelFolderError(f"{folder} names the class {told['auto']}; known are {', '.join(CLASSES.values())}")
    network.load_state_dict(_state(folder, form))
    return network.eval()


def _write(kept: KeptNetwork, theirs: TransformersNetwork | None, folder: Path, form: Format) -> None:
    """Weights, configuration, tokenizer and card."""
    names = theirs.names if theirs else {name: name for name in kept.model.state}
    state = {names[name]: tensor.contiguous() for name, tensor in kept.model.state.items()}
    masks = {names[name]: mask for name, mask in kept.model.masks.items()}
    told = {
        "format": form,
        "trial_id": kept.record.trial_id,
        "auto": theirs.auto if theirs else None,
        "architecture": kept.spec.architecture,
        "context": None if theirs else _told(kept.context),
    }
    if theirs:
        config = theirs.network.config.to_dict()
        config["architectures"] = [type(theirs.network).__name__]
    else:
        config = {"classes": list(kept.data.classes), "kind": kept.data.kind}
    (folder / "config.json").write_text(json.dumps({**config, OURS: told}, indent=1) + "\n", encoding="utf-8")
    if form == "dense":
        (folder / WEIGHTS).write_bytes(save(state, {"format": "pt"}))  # `save_file` makes it unreadable to others
    else:
        (folder / SPARSE).write_bytes(sparse_int8(state, masks))
    if "checkpoint" in kept.context.options:
        tokenizer, _ = fast_tokenizer(kept.context.options["checkpoint"])
        tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(model_card(kept, _loaded_by(theirs, form)), encoding="utf-8")


def _loaded_by(theirs: TransformersNetwork | None, form: Format) -> str:
    """The Python expression that loads the folder, with DIR for its path."""
    if theirs and form == "dense":
        return f'transformers.{theirs.auto}.from_pretrained("DIR")'
    return 'piesweep.load_model("DIR")'


def _told(context: ModelContext) -> dict[str, Any]:
    """What an architecture was told of its trial, as JSON."""
    values = {**asdict(context), "cache": "", "options": dict(context.options)}
    values["images"] = context.images.model_dump(mode="json") if context.images else None
    return values


def _context(values: Mapping[str, Any]) -> ModelContext:
    """The inverse of `_told`."""
    images = Images.model_validate(values["images"]) if values["images"] else None
    lists = {"variations": tuple(values["variations"])}
    switches = Protocol(**values["switches"])
    return ModelContext(**{**values, **lists, "images": images, "switches": switches, "cache": Path()})


def _of_transformers(folder: Path, auto: str) -> nn.Module:
    """A network of transformers with the folder's shape, and no weights of it yet."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
    network: nn.Module = getattr(transformers, auto).from_config(config)
    return network


def _state(folder: Path, form: str) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    if form == "dense":
        return load_file(folder / WEIGHTS)
    with torch.no_grad():
        return from_sparse_int8((folder / SPARSE).read_bytes())
