"""Express a kept network as one of transformers' own classes, and prove that both say the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from runner.export.kept_network import KeptNetwork
from runner.models.pretrained import configuration
from tasks.kinds.base import Reads

CLASSES: dict[Reads, str] = {
    "text": "AutoModelForSequenceClassification",
    "words": "AutoModelForTokenClassification",
    "passage": "AutoModelForQuestionAnswering",
    "continuation": "AutoModelForCausalLM",
}
"""What a head reads -> the class of transformers with such a head."""

PROBLEMS = {
    "single-label": "single_label_classification",
    "multi-label": "multi_label_classification",
    "regression": "regression",
}
LAYERS: tuple[Mapping[str, str], ...] = (
    {"classifier": "classifier"},
    {"encoder.pooler.dense": "classifier.dense", "pooler": "classifier.dense", "classifier": "classifier.out_proj"},
    {"classifier": "qa_outputs"},
    {"classifier": "lm_head"},
)
"""Layers of ours -> what a class of transformers may call them: BERT's, RoBERTa's, of spans, of decoders."""
BODIES = ("encoder.", "decoder.")
EXAMPLES = 8
TOLERANCE = 1e-4
"""By how much the largest logit may differ: both sum in fp32, in orders of their own."""


@dataclass(frozen=True)
class TransformersNetwork:
    """A network of transformers with a trial's weights. names: of ours, what its tensors are called there."""

    network: Any
    auto: str
    names: Mapping[str, str]


def as_transformers(kept: KeptNetwork) -> TransformersNetwork | None:
    """The network as transformers has it; None where it has none that gives the same logits."""
    name = kept.context.options.get("checkpoint")
    if name is None:
        return None
    auto = CLASSES[kept.context.reads]
    try:
        theirs = getattr(transformers, auto).from_config(_configuration(kept, name), attn_implementation="sdpa")
    except ValueError:  # a family without such a head
        return None
    wanted = theirs.state_dict()
    for layers in LAYERS:
        names = {ours: _renamed(ours, theirs.base_model_prefix, layers) for ours in kept.model.state}
        found = {names[ours]: tensor for ours, tensor in kept.model.state.items()}
        if {key: tensor.shape for key, tensor in found.items()} == {key: one.shape for key, one in wanted.items()}:
            theirs.load_state_dict(found)
            theirs.eval()
            return TransformersNetwork(theirs, auto, names) if _agrees(kept, theirs) else None
    return None


def _configuration(kept: KeptNetwork, name: str) -> Any:
    """The checkpoint's configuration, with the names of the task's classes."""
    config = configuration(name, "an encoder or decoder")
    config.tie_word_embeddings = False
    width, classes = kept.context.classes, kept.data.classes
    if kept.context.reads in ("text", "words"):
        names = list(classes) if len(classes) == width else [f"LABEL_{number}" for number in range(width)]
        config.id2label = dict(enumerate(names))
        config.label2id = {label: number for number, label in enumerate(names)}
    if kept.context.reads == "text":
        config.problem_type = PROBLEMS.get(kept.data.kind)
    return config


def _renamed(name: str, body: str, layers: Mapping[str, str]) -> str:
    """What transformers calls a tensor of ours."""
    for ours, theirs in layers.items():
        if name.startswith(f"{ours}."):
            return f"{theirs}.{name.removeprefix(f'{ours}.')}"
    for ours in BODIES:
        if name.startswith(ours):
            return f"{body}.{name.removeprefix(ours)}"
    return name


@torch.inference_mode()
def _agrees(kept: KeptNetwork, theirs: nn.Module) -> bool:
    """Whether both say the same of some examples."""
    given = kept.inputs(EXAMPLES)
    given.pop("places", None)
    if kept.context.reads == "continuation":
        given = {"input_ids": given["input_ids"]}
    found = theirs(**given)
    logits = torch.stack([found.start_logits, found.end_logits], -1) if "start_logits" in found else found.logits
    ours = _logits(kept, given)
    if kept.context.reads != "text" and "attention_mask" in given:
        is_read = given["attention_mask"].bool()
        logits, ours = logits[is_read], ours[is_read]
    largest = max(1.0, float(ours.abs().max()))
    return bool((logits - ours).abs().max() <= TOLERANCE * largest)


def _logits(kept: KeptNetwork, given: Mapping[str, Tensor]) -> Tensor:
    """Our logits, of every position where the head reads more than a text's state."""
    network: Any = kept.network
    if kept.context.reads == "text":
        found: Tensor = network(**given)
        return found
    body = network.encoder if hasattr(network, "encoder") else network.decoder
    read = given if hasattr(network, "encoder") else {"input_ids": given["input_ids"]}
    each: Tensor = network.classifier(body(**read).last_hidden_state)
    return each
