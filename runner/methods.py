"""The pruning methods: score x schedule x scope x recovery, one line each; and what they are to be compared with."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import replace

from runner.method import Method

DENSE = "dense"
"""The name of the unpruned model wherever a method is named: plans, stores, SQL."""

SCORE_VERSIONS: dict[str, int] = {}
"""Versions above 1, of scores that mean something else than they first did: planning reads them, and loads no score."""

_RAMP = {"begins": 0.0, "ends": 0.7, "every": 10, "initial": 0.0, "afterwards": "fixed"}
# Of Ren and Zhu 2023 on RTE: 200 steps before the ramp and 1,200 after it, of 3,120.
_LATER_RAMP = {"begins": 0.0641, "ends": 0.6154, "every": 10, "afterwards": "every-step"}
_AVERAGED = {**_LATER_RAMP, "window": 10, "beta1": 0.85}
_REGULARIZED = {"weighting": "sum", "temperature": 1.0}

# What gradual methods share, of which each line says the rest: none of these is a method by itself.
_GRADUAL = Method(title="gradually, over the whole network", score="magnitude", schedule="cubic", scope="global")
_GATED = replace(_GRADUAL, removal="gated", targets="matrices")
_REVISABLE = replace(_GRADUAL, removal="revisable", targets="matrices-and-biases", options=_LATER_RAMP)
_PINS = replace(_REVISABLE, score="pins", options={**_AVERAGED, "beta2": 0.99, "sign": "signed"})

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
    "gmp": replace(_GRADUAL, title="Gradual magnitude pruning", removal="remembered", options=_RAMP),
    "mvp": replace(_GRADUAL, title="Hard movement pruning", removal="gated", gate="movement", options=_RAMP),
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
    # Ren and Zhu 2023, Tables 1 and 6: 72 matrices of BERT-base, gradually, over the whole network.
    "pins": replace(
        _PINS,
        title="PINS: principled importance, regularized by the best network so far",
        teacher="best-so-far",
        options={**_PINS.options, **_REGULARIZED, "looks_every": 50},
    ),
    "platon": replace(
        _REVISABLE,
        title="PLATON: sensitivity and its uncertainty",
        score="platon",
        options={**_AVERAGED, "beta2": 0.95},
    ),
    "imp": replace(_REVISABLE, title="Iterative magnitude pruning, gradual, of the weights that PLATON prunes"),
    "smvp": replace(
        _GATED,
        title="Soft movement pruning",
        gate="soft-movement",
        penalty="openness",
        most=0.995,
        options={**_LATER_RAMP, "every": 1, "strength": 400.0, "gate_rate": 0.01, "threshold": 0.1},
    ),
    "l0": replace(
        _GATED,
        title="L0 regularization by hard concrete gates",
        gate="hard-concrete",
        penalty="expected-l0",
        options={"ends": _LATER_RAMP["ends"], "strength": 125.0, "gate_rate": 0.1},
    ),
    # Of the authors' code: nothing goes in the first tenth of the steps, everything is gone for the last three tenths.
    "pst": replace(
        _GATED,
        title="PST: importance and change of weights, both of low rank",
        scope="layerwise",
        gate="low-rank",
        options={"begins": 0.1, "ends": 0.7, "every": 1, "afterwards": "every-step", "rank": 8},
    ),
    # Of Table 6, which compares what is learned from.
    "pins-erm": replace(_PINS, title="PINS without a teacher: empirical risk alone"),
    "pins-kd": replace(
        _PINS,
        title="PINS, regularized by the dense model",
        teacher="fine-tuned",
        options={**_PINS.options, **_REGULARIZED},
    ),
}

_PIE = ("iibp-wr", "iibp-ft", "ibp-ai", "imp-wr", "imp-ft", "mp-ai", "irp-ft", "rp-ai")
METHOD_SETS: dict[str, tuple[str, ...]] = {
    "pie": _PIE,
    "all": _PIE,
    "recall": ("mp", "gp", "up", "rp"),
    "pins-table1": ("pins", "imp", "l0", "smvp", "pst", "platon"),
}
"""Methods that a study takes by one name, in the order of its grid: `pie` are those of Tropeano et al. 2025, and so are
`all`, whatever has come to METHODS since; `recall` are those of Good et al. 2022, `pins-table1` those of
Ren and Zhu 2023, Table 1.
What a set holds is part of every study that names it: a set never grows.
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
