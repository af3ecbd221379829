"""The pruning methods: score x schedule x scope x recovery, one line each; and what they are to be compared with."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runner.method_options import OPTIONS
from runner.options import no_option, wrong_type
from runner.pruning.schedules import SCHEDULES, schedule_of

Scope = Literal["layerwise", "global", "filterwise"]

DENSE = "dense"
"""The name of the unpruned model wherever a method is named: plans, stores, SQL."""


class MethodError(ValueError):
    """A bad choice of a method's options: says what was given, what is allowed and what to do."""

    exit_status = 2


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a network is pruned.

    score: which weights matter (a key of `runner.pruning.scores.SCORES`). schedule: when they are removed
    (a key of `runner.pruning.schedules.SCHEDULES`). scope: whether every layer loses the same share, the
    whole network is ranked at once, or every convolution loses the same share of whole filters, with all that goes with
    them (targets: filters). recovery: what happens to the weights that stay. removal: what a removed weight
    is until the next decision (a key of `runner.pruning.removals.REMOVALS`). gate: learned importance in place of the
    score's (a key of `runner.pruning.gates.GATES`). teacher: what the network learns from besides the labels (a key of
    `runner.pruning.teachers.TEACHERS`). penalty: what is added to the loss (a key of
    `runner.pruning.penalties.PENALTIES`). targets: which parameters may go (a key of `runner.pruning.targets.TARGETS`).
    options: what a study may change (keys of OPTIONS, which are fields of the score, the schedule, the teacher or the
    penalty; and `samples` and `statistics`, which the training set reads), with their defaults; a value must have its
    default's type. A default stays what it is, since ids leave it out: raise `version` where the meaning of a method
    changes, a default included.
    """

    title: str
    score: str
    schedule: str
    scope: Scope = "layerwise"
    recovery: str = "finetune"
    removal: str = "permanent"
    targets: str = "weights"
    gate: str | None = None
    teacher: str | None = None
    penalty: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1

    @property
    def starts_dense(self) -> bool:
        """True if training starts exactly as the dense model's, so that the dense trial can be shared."""
        return SCHEDULES[self.schedule].starts_dense and self.penalty is None

    @property
    def is_shardable(self) -> bool:
        """True if several processes that share a network can prune it: what acts at every step needs it whole."""
        acts_at_steps = self.removal != "permanent" or self.gate or self.teacher or self.penalty
        return self.score in SHARDED_SCORES and not acts_at_steps

    @property
    def prunes(self) -> bool:
        """False for a reference, which has no use for its score."""
        return self.schedule != "unpruned"


SHARDED_SCORES: tuple[str, ...] = ("magnitude", "impact", "random", "gradient", "undecayed")
"""Scores that need no more than whole weights and the gradient of the loss, which several processes that share a
network can gather; one that differentiates twice, or calls the network itself, cannot be named here."""

SCORE_VERSIONS: dict[str, int] = {}
"""Versions above 1, of scores that mean something else than they first did: planning reads them, and loads no score."""

_RAMP = {"begins": 0.0, "ends": 0.7, "every": 10, "initial": 0.0, "afterwards": "fixed"}

# Tropeano et al. 2025, Table 3.
METHODS: dict[str, Method] = {
    "iibp-wr": Method(
        title="Iterative impact-based pruning, weight rewinding",
        score="impact",
        schedule="rounds",
        recovery="rewind",
        options={"rounds": 3, "statistics": "frozen"},
    ),
    "iibp-ft": Method(
        title="Iterative impact-based pruning, fine-tuning",
        score="impact",
        schedule="rounds",
        options={"rounds": 3, "statistics": "frozen"},
    ),
    "ibp-ai": Method(
        title="Impact-based pruning at initialization",
        score="impact",
        schedule="at-initialization",
        options={"statistics": "frozen"},
    ),
    "imp-wr": Method(
        title="Iterative magnitude pruning, weight rewinding",
        score="magnitude",
        schedule="rounds",
        recovery="rewind",
        options={"rounds": 3},
    ),
    "imp-ft": Method(
        title="Iterative magnitude pruning, fine-tuning", score="magnitude", schedule="rounds", options={"rounds": 3}
    ),
    "mp-ai": Method(title="Magnitude pruning at initialization", score="magnitude", schedule="at-initialization"),
    "irp-ft": Method(
        title="Iterative random pruning, fine-tuning", score="random", schedule="rounds", options={"rounds": 3}
    ),
    "rp-ai": Method(title="Random pruning at initialization", score="random", schedule="at-initialization"),
    # One of each other kind: one cut after training, gradual (Zhu and Gupta 2017), learned (Sanh et al. 2020), taught,
    # penalized (Han et al. 2015).
    "mp-os": Method(
        title="Magnitude pruning, one shot after training",
        score="magnitude",
        schedule="one-shot",
        options={"finetune_epochs": 0},
    ),
    "gmp": Method(
        title="Gradual magnitude pruning",
        score="magnitude",
        schedule="cubic",
        scope="global",
        removal="remembered",
        options=_RAMP,
    ),
    "mvp": Method(
        title="Hard movement pruning",
        score="magnitude",
        schedule="cubic",
        scope="global",
        removal="gated",
        gate="movement",
        options=_RAMP,
    ),
    "imp-kd": Method(
        title="Iterative magnitude pruning, distilled from the dense model",
        score="magnitude",
        schedule="rounds",
        teacher="dense-parent",
        options={"rounds": 3, "share": 0.5, "temperature": 2.0},
    ),
    "mp-lasso": Method(
        title="Magnitude pruning, one shot after training under the lasso",
        score="magnitude",
        schedule="one-shot",
        penalty="lasso",
        options={"finetune_epochs": 0, "strength": 1e-5, "full_at": 0.0},
    ),
    # Good et al. 2022, section 4: one cut over the whole network, then fine-tuning.
    "mp": Method(
        title="Magnitude pruning, one shot over the whole network",
        score="magnitude",
        schedule="one-shot",
        scope="global",
        options={"finetune_epochs": 0},
    ),
    "gp": Method(
        title="Gradient pruning, one shot over the whole network",
        score="gradient",
        schedule="one-shot",
        scope="global",
        options={"finetune_epochs": 0, "samples": 0, "loss": "decayed", "statistics": "frozen"},
    ),
    "up": Method(
        title="Undecayed pruning, one shot over the whole network",
        score="undecayed",
        schedule="one-shot",
        scope="global",
        options={"finetune_epochs": 0, "samples": 0, "loss": "decayed", "sign": "absolute", "statistics": "frozen"},
    ),
    "rp": Method(
        title="Random pruning, one shot over the whole network",
        score="random",
        schedule="one-shot",
        scope="global",
        options={"finetune_epochs": 0, "draw": "exact"},
    ),
    # The same, appendix H: level by level, from the values at the beginning again.
    "lth": Method(
        title="Lottery tickets: magnitude pruning, level by level, weight rewinding",
        score="magnitude",
        schedule="levels",
        scope="global",
        recovery="rewind",
        options={"each": 0.2},
    ),
    "lth-up": Method(
        title="Lottery tickets by undecayed pruning, level by level, weight rewinding",
        score="undecayed",
        schedule="levels",
        scope="global",
        recovery="rewind",
        options={"each": 0.2, "samples": 0, "loss": "decayed"},
    ),
    # The same, appendix H: whole filters (Sui et al. 2021, whose code looks at five batches of 128 images).
    "chip": Method(
        title="Filters by channel independence, one shot",
        score="independence",
        schedule="one-shot",
        scope="filterwise",
        targets="filters",
        options={"finetune_epochs": 0, "samples": 640},
    ),
}

_PIE = ("iibp-wr", "iibp-ft", "ibp-ai", "imp-wr", "imp-ft", "mp-ai", "irp-ft", "rp-ai")
METHOD_SETS: dict[str, tuple[str, ...]] = {"pie": _PIE, "all": _PIE, "recall": ("mp", "gp", "up", "rp")}
"""Methods that a study takes by one name, in the order of its grid: `pie` are those of Tropeano et al. 2025, and so are
`all`, whatever has come to METHODS since; `recall` are those of Good et al. 2022. What a set holds is part of every
study that names it: a set never grows.
"""

# Iterative methods go on training while they prune: what that alone changes, models show that nothing is cut from.
REFERENCES: dict[str, Method] = {
    "dense-4e": Method(
        title="Dense, trained for as long as the iterative methods",
        score="magnitude",
        schedule="unpruned",
        options={"times": 4},
    ),
    # What fine-tuning alone changes, which one-shot methods are to be compared with.
    "finetuned": Method(
        title="Dense, fine-tuned as after one cut",
        score="magnitude",
        schedule="unpruned",
        options={"times": 2},
    ),
}
"""Further dense models of a study, by name: their cells have sparsity 0, and stand beside the pruned ones."""

UNPRUNED: tuple[str, ...] = (DENSE, *REFERENCES)
"""The methods that cut nothing, whose sparsity is 0; references under a study's own names are others of them."""

NAMED: Mapping[str, Method] = ChainMap(REFERENCES, METHODS)
"""Every line that a trial's method may be of, but the dense model's own, as both stand now: stores have methods with
names of their studies' own, and ingested ones, besides."""


def resolve(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a method or reference: its defaults with the study's changes.

    MethodError for an unknown option, a value of another type than the default's, or one out of bounds.
    """
    defaults = NAMED[name].options
    chosen = dict(defaults)
    for key, value in options.items():
        if key not in defaults:
            raise MethodError(no_option("method", name, key, defaults))
        chosen[key] = _checked(name, key, value)
    try:
        schedule_of(NAMED[name].schedule, chosen)
    except ValueError as error:
        raise MethodError(f"options of method '{name}' do not go together: {error}") from error
    return chosen


def _checked(name: str, key: str, value: Any) -> Any:
    """The value of an option; whole numbers stand for the numbers they are."""
    default, bounds = NAMED[name].options[key], OPTIONS[key]
    wanted = type(default)
    given = float(value) if wanted is float and type(value) is int else value
    if type(given) is not wanted:
        raise MethodError(wrong_type("method", name, key, value, default))
    if not bounds.allows(given):
        raise MethodError(
            f"option '{key}' of method '{name}' is {value!r}; allowed: {bounds.allowed} ({bounds.meaning})"
        )
    return given
