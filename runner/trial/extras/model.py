"""Keep the network that answers: values of the weights that stay, masks as bits, in safetensors.

Tensors of the file: `kept.<layer>` has the values that stay of a pruned layer, row by row, `mask.<layer>` a bit for
each of its weights, the first one highest, 1 where it stays; `whole.<name>` is what no mask is of. The file's metadata
has the shapes of pruned layers. Nothing is lost but the sign of zeros that were removed: `restored` gives the network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from runner.extras import Gathered
from runner.pruning.masks import Masks
from runner.store.errors import StoreError
from runner.trial.checkpoints import content_hash
from runner.trial.extras.base import Observed, Recorder

FORMAT = 1
HEADER = "piesweep"
LENGTH_BYTES = 8
"""Of a safetensors file: its header's length, before the header."""


@dataclass(frozen=True, kw_only=True)
class KeptModel:
    """A network as a trial kept it. state: every tensor, zeros where weights were removed. masks: of pruned layers."""

    trial_id: str
    state: dict[str, Tensor]
    masks: Masks


class ModelRecorder(Recorder):
    """Keeps the network as it is when it answers."""

    name = "model"

    def __init__(self, observed: Observed) -> None:
        self.observed = observed

    def gathered(self) -> Gathered:
        """The file of the network."""
        pruner = self.observed.pruner
        state = {name: tensor.detach().cpu() for name, tensor in self.observed.network.state_dict().items()}
        masks = {name: mask.cpu() for name, mask in pruner.masks.items()} if pruner.is_cut else {}
        return packed(KeptModel(trial_id=self.observed.spec.trial_id, state=state, masks=masks))


def recorder(observed: Observed) -> ModelRecorder:
    """The recorder of a trial."""
    return ModelRecorder(observed)


def packed(model: KeptModel) -> Gathered:
    """The file of a network. ValueError where a removed weight is not zero."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in model.state.items():
        mask = model.masks.get(name)
        if mask is None:
            tensors[f"whole.{name}"] = tensor.clone(memory_format=torch.contiguous_format)
            continue
        if torch.count_nonzero(tensor[~mask]):
            raise ValueError(f"trial {model.trial_id} has removed weights of {name} that are not zero")
        tensors[f"kept.{name}"] = tensor[mask]
        tensors[f"mask.{name}"] = torch.from_numpy(np.packbits(mask.numpy().ravel()))
    if lost := model.masks.keys() - model.state.keys():
        raise ValueError(f"trial {model.trial_id} has masks of {sorted(lost)}, which its network does not name")
    shapes = {name: list(mask.shape) for name, mask in sorted(model.masks.items())}
    # One key alone: of several the order is not said, and equal networks shall be equal bytes.
    header = json.dumps({"format": FORMAT, "trial_id": model.trial_id, "shapes": shapes})
    return Gathered(save(tensors, metadata={HEADER: header}), content_hash(tensors))


def restored(payload: bytes) -> KeptModel:
    """The network of a file. StoreError for bytes that are none."""
    try:
        header = json.loads(_metadata(payload)[HEADER])
        if header["format"] != FORMAT:
            raise StoreError(f"the network has format {header['format']!r}, this version reads format {FORMAT}")
        return _restored(load(payload), header["shapes"], str(header["trial_id"]))
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise StoreError(f"what was kept as a network cannot be read ({type(error).__name__}: {error})") from error


def _restored(tensors: Mapping[str, Tensor], shapes: Mapping[str, list[int]], trial_id: str) -> KeptModel:
    state: dict[str, Tensor] = {}
    masks: Masks = {}
    for name, tensor in tensors.items():
        kind, _, layer = name.partition(".")
        if kind == "whole":
            state[layer] = tensor
        elif kind == "kept":
            shape = shapes[layer]
            bits = np.unpackbits(tensors[f"mask.{layer}"].numpy(), count=int(np.prod(shape)))
            masks[layer] = torch.from_numpy(bits.astype(bool)).view(shape)
            state[layer] = torch.zeros(shape, dtype=tensor.dtype)
            state[layer][masks[layer]] = tensor
    return KeptModel(trial_id=trial_id, state=state, masks=masks)


def _metadata(payload: bytes) -> dict[str, str]:
    """What a safetensors file says of itself."""
    length = int.from_bytes(payload[:LENGTH_BYTES], "little")
    found: dict[str, str] = json.loads(payload[LENGTH_BYTES : LENGTH_BYTES + length])["__metadata__"]
    return found
