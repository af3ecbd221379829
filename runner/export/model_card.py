"""Say on one page what an exported network is, how it scored, and how it is loaded."""

from __future__ import annotations

from runner.export.kept_network import KeptNetwork
from runner.printable import printable
from runner.trial.checkpoints import content_hash


def model_card(kept: KeptNetwork, loaded_by: str) -> str:
    """The README of the folder."""
    spec, facts = kept.spec, kept.record.facts
    left = f"{facts.achieved_sparsity:.4f} of {facts.prunable:,} prunable weights" if facts.prunable else "unknown"
    rows = {
        "task": f"{spec.task} ({kept.data.kind}; {', '.join(kept.data.classes) or 'no classes'})",
        "model": f"{spec.model} ({spec.architecture}; {facts.parameters or 0:,} parameters)",
        "method": spec.method,
        "sparsity": f"{spec.sparsity:g} asked for; removed are {left}",
        "seed": str(spec.seed),
        "trial": kept.record.trial_id,
        "masks": content_hash(kept.model.masks) if kept.model.masks else "none: nothing was removed",
        "reads": f"at most {kept.context.max_tokens} tokens" if kept.context.inputs != "image" else "images",
    }
    lines = ["# A network that piesweep trained", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {_cell(value)} |" for name, value in rows.items()]
    lines += ["", "| split | metric | value |", "|---|---|---|"]
    for split, metrics in sorted(facts.metrics.items()):
        for name, value in metrics.items():
            lines.append(f"| {_cell(split)} | {_cell(name)} | {'not a number' if value is None else f'{value:.6g}'} |")
    lines += ["", "Load it:", "", "```python", f"import {loaded_by.partition('.')[0]}", "", f"network = {loaded_by}"]
    return "\n".join([*lines, "```", "", *_words(kept, loaded_by), ""])


def _words(kept: KeptNetwork, loaded_by: str) -> list[str]:
    """What a user must know besides."""
    told = ["The masks' hash is over the places of the weights that stay: two networks with it are pruned alike."]
    if kept.record.facts.precision == "bf16":
        told.append("The values above are of answers in bf16; in fp32 examples on the brink may be answered otherwise.")
    if loaded_by.startswith("piesweep"):
        names = ", ".join(f"`{name}`" for name in kept.inputs(1))
        told.append(
            f"`network(...)` takes {names}, as piesweep's architecture `{kept.spec.architecture}` encodes them."
        )
    if kept.context.inputs == "pair" and kept.context.switches.pairs == "joined":
        told.append('The two texts of a pair are one, joined by " [SEP] ".')
    return ["\n".join(told)]


def _cell(text: str) -> str:
    """Text of others as one cell of a table."""
    return printable(text).replace("|", "\\|").replace("<", "&lt;")
