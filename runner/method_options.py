"""The options of methods: what a study may change of them, what each means, and the values that it may have."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Option:
    """What a study may change of a method: what it means, and the least and the most that it may be, or its words."""

    meaning: str
    least: float = 0
    most: float = 0
    words: tuple[str, ...] = ()

    def allows(self, value: float | str) -> bool:
        """True for a number between the bounds, or one of the words."""
        return value in self.words if isinstance(value, str) else self.least <= value <= self.most

    @property
    def allowed(self) -> str:
        """As people say it."""
        return ", ".join(self.words) or f"{self.least:g} to {self.most:g}"


OPTIONS: dict[str, Option] = {
    "rounds": Option(meaning="cuts, each followed by the epochs of a dense training", least=1, most=100),
    "times": Option(meaning="how often the epochs of a dense training", least=2, most=101),
    "finetune_epochs": Option(meaning="epochs after the cut, 0 for as many as training says", least=0, most=100_000),
    "begins": Option(meaning="the share of the training after which weights begin to go", least=0, most=1),
    "ends": Option(meaning="the share of the training after which no more weights go", least=0, most=1),
    "every": Option(meaning="steps between two decisions", least=1, most=1_000_000),
    "initial": Option(meaning="the fraction that goes at once", least=0, most=0.999),
    "afterwards": Option(
        meaning="whether masks stay once all is removed, or are decided anew", words=("fixed", "every-step")
    ),
    "each": Option(meaning="the share of what is left that goes at each level", least=0.001, most=0.999),
    "strength": Option(meaning="what the penalty is multiplied by", least=0, most=1000),
    "full_at": Option(meaning="the share of the training after which the penalty is whole, 0 at once", least=0, most=1),
    "share": Option(meaning="the teacher's part of the loss", least=0, most=1),
    "samples": Option(
        meaning="training examples over whose loss a score takes its gradients, or whose feature maps it compares, 0 "
        "for all",
        least=0,
        most=1e9,
    ),
    "loss": Option(meaning="whether gradients are of the loss with its weight decay", words=("decayed", "plain")),
    "sign": Option(meaning="whether weights are ranked by absolute or by signed scores", words=("absolute", "signed")),
    "statistics": Option(
        meaning="what becomes of the running statistics of batch normalisation where a score takes gradients",
        words=("frozen", "moving", "recalibrated"),
    ),
    "draw": Option(
        meaning="whether as many weights go as asked, or each by a draw of its own", words=("exact", "independent")
    ),
    "gate_rate": Option(meaning="the highest learning rate of gates, 0 for that of the network", least=0, most=1000),
    "threshold": Option(meaning="the sigmoid of a learned score above which a weight stays", least=0, most=0.999),
    "rank": Option(meaning="columns of the factors that are trained", least=1, most=100_000),
    "beta1": Option(
        meaning="what is left of the average of scores at the end of a window of steps", least=0, most=0.9999
    ),
    "beta2": Option(meaning="the same of their uncertainty; 1 ranks by the average alone", least=0, most=1),
    "window": Option(meaning="steps whose mean score enters the averages", least=1, most=1_000_000),
    "weighting": Option(
        meaning="whether the teacher's loss is added to that of the labels, or how sure the network is weighs both",
        words=("sum", "entropy"),
    ),
    "looks_every": Option(meaning="steps between two looks for a better teacher", least=1, most=1_000_000),
    "temperature": Option(meaning="what logits are divided by", least=0.01, most=1000),
}
