"""BLEURT (Sellam et al. 2020): how alike a text and its references are, as a trained network judges pairs of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from runner.trial.devices import Device
from tasks.base import TaskData, TaskError
from tasks.bleurt import BLEURT, Checkpoint
from tasks.bleurt_folder import NEEDS, checkpoint_in
from tasks.kinds.base import Codes, Kind
from tasks.metric_choice import Metric

PAIRS_AT_ONCE = 64


@dataclass(frozen=True)
class Loaded:
    """The network of a checkpoint, fp32 and without dropout, its tokenizer, and how many tokens a pair may have."""

    network: nn.Module
    tokenizer: Any
    longest: int


def learned_metrics(data: TaskData, device: Device) -> Mapping[str, Metric]:
    """The metrics of a task that a network gives, by name: BLEURT where a checkpoint was named.

    The network is loaded each time anew and leaves the device again, which a trial needs for its own.
    """
    if data.bleurt is None:
        return {}
    checkpoint = data.bleurt

    def measure(kind: Kind, gold: Codes, codes: Codes) -> float:
        return bleurt(opened(checkpoint), codes.tolist(), gold.tolist(), device.torch)

    return {BLEURT: measure}


def opened(checkpoint: Checkpoint) -> Loaded:
    """The network that a checkpoint holds, from safetensors and this folder alone.

    TaskError where the files are others than those of the checkpoint's hash, where weights lack or are left over, and
    where the tokenizer is not the network's or does not tell the two texts of a pair apart.
    """
    folder = checkpoint.folder
    if (found := checkpoint_in(folder)) != checkpoint:
        raise TaskError(
            f"bleurt: {folder} holds another checkpoint here (SHA-256 {found.sha256[:12]}, not "
            f"{checkpoint.sha256[:12]}); copy the study's to this place"
        )
    disable_progress_bar()  # type: ignore[no-untyped-call]
    settings = {"local_files_only": True, "trust_remote_code": False}
    try:
        network, report = AutoModelForSequenceClassification.from_pretrained(
            folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **settings
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, **settings)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        reason = next(iter(str(error).split("\n")), "") or type(error).__name__
        raise TaskError(f"bleurt: {folder} cannot be loaded ({reason}); give {NEEDS}") from error
    wrong = [*report["missing_keys"], *(key for key in report["unexpected_keys"] if not key.endswith("position_ids"))]
    if wrong:
        raise TaskError(
            f"bleurt: the weights in {folder} are not those of its config.json, {len(wrong)} such as {min(wrong)}; "
            f"give {NEEDS}"
        )
    config = network.config
    types = {*tokenizer("a", "b", return_token_type_ids=True)["token_type_ids"]}
    if len(tokenizer) > config.vocab_size or tokenizer.pad_token is None or types != {0, 1}:
        raise TaskError(f"bleurt: the tokenizer in {folder} is not that of its network; give {NEEDS}")
    return Loaded(network.eval(), tokenizer, min(tokenizer.model_max_length, config.max_position_embeddings))


def bleurt(loaded: Loaded, said: Sequence[str], references: Sequence[Sequence[str]], device: torch.device) -> float:
    """The mean over texts of max over its references r of f(r, text), f the network's one output.

    The maximum is that of the WebNLG challenge 2020 (github.com/WebNLG/GenerationEval, eval.py), as Ren and Zhu 2023
    do not say. Values are as the checkpoint gives them: about 0 to 1, below 0 and above 1 too. A pair with more tokens
    than the checkpoint reads is cut, the longer text first. ValueError for a text without references.
    """
    pairs = [(one, text) for text, true in zip(said, references, strict=True) for one in true]
    outputs = outputs_of(loaded, pairs, device)
    places = np.cumsum([0, *map(len, references)]).tolist()
    return float(np.mean([outputs[begin:end].max() for begin, end in pairwise(places)]))


def outputs_of(loaded: Loaded, pairs: Sequence[tuple[str, str]], device: torch.device) -> NDArray[np.float64]:
    """The network's output for each pair of a reference and a text [pairs]; pairs of like length go together."""
    outputs = np.empty(len(pairs), np.float64)
    order = np.argsort([len(one) + len(other) for one, other in pairs], kind="stable")
    network = loaded.network.to(device)
    with torch.inference_mode():
        for begin in range(0, len(pairs), PAIRS_AT_ONCE):
            rows = order[begin : begin + PAIRS_AT_ONCE]
            given = loaded.tokenizer(
                [pairs[row][0] for row in rows],
                [pairs[row][1] for row in rows],
                padding=True,
                truncation="longest_first",
                max_length=loaded.longest,
                return_token_type_ids=True,
                return_tensors="pt",
            )
            outputs[rows] = network(**given.to(device)).logits[:, 0].float().cpu().numpy()
    return outputs
