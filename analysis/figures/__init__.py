"""The figures: one file each beside this one, one line each in FIGURES."""

from __future__ import annotations

from analysis.figures import (
    accuracy_on_pies,
    class_distribution,
    distortion_boxes,
    distortion_scatter,
    distortion_tradeoff,
    drift,
    effectiveness,
    el2n_bins,
    human_difficulty,
    left_by_layer,
    loss_by_step,
    pareto,
    pie_rate,
    rank_by_layer,
    rate_by_seeds,
    readability,
    seed_adequacy,
    sparsity_pattern,
    weight_values,
)
from analysis.figures.drawing import Drawing

OF_HALVES = (
    "PIEs of halves: half of the dense and another half of the pruned seeds disagree. As many seeds vote on either "
    "side of the comparison: a vote of all wavers on fewer and harder examples. Cells of fewer than two seeds are left "
    "out; where all are, PIEs of all seeds stand alone."
)

FIGURES: dict[str, Drawing] = {
    "effectiveness": Drawing(
        title="Effectiveness against sparsity",
        caption="Mean over seeds, with a band of one standard deviation; the dashed line is the dense model.",
        views=("effectiveness",),
        draw=effectiveness.draw,
    ),
    "pareto": Drawing(
        title="Quality against size",
        caption="A point a cell, across all methods: mean of the headline metric over seeds, with its 95 % interval "
        "from five seeds on, against the size of the network: bytes where they are known of all cells, else the "
        "weights that are left (the table of what each method gives and takes says which, and has PIEs, the worst "
        "class and times beside it). Filled, and on the grey line: the Pareto front of the means, where no cell is as "
        "good and as small, and better or smaller; intervals that overlap leave open who is on it. Cells whose sizes "
        "differ by 1.5 % at most stand side by side, and count as equally large.",
        views=("effectiveness", "efficiency", "trials"),
        draw=pareto.draw,
    ),
    "pie_rate": Drawing(
        title="PIE rate against sparsity",
        caption="Share of examples on which the majority votes of the pruned and the dense models differ, with its "
        "95 % interval over seeds and examples. What seed noise alone makes stands beside it: dotted, the share on "
        "which two halves of the dense seeds disagree; a dash, of the pruned seeds. A cell is filled where the excess "
        "over both is above 0 by its interval, else hollow: not told apart from seed noise. Floors are of fewer seeds "
        "than the rate, and so higher: filled or hollow is to be read, not the distance.",
        views=("pie_rate", "predictions"),
        draw=pie_rate.draw,
    ),
    "drift": Drawing(
        title="Drift of quality against sparsity",
        caption="Mean quality (0 to 1) of the answers of the pruned less that of the dense models. Dotted: by how much "
        "the mean qualities of two halves of the dense seeds differ; what lies between the two dotted lines seeds "
        "alone may move.",
        views=("drift",),
        draw=drift.draw,
    ),
    "accuracy_on_pies": Drawing(
        title="Effectiveness on PIEs and on all examples",
        caption="Accuracy of the majority vote (single-label), or macro-F1 as mean over seeds (multi-label), of the "
        "dense and the pruned models, on the examples that pruning breaks and on all.",
        views=("accuracy_on_pies",),
        draw=accuracy_on_pies.draw,
    ),
    "class_distribution": Drawing(
        title="Classes of PIEs and of all examples",
        caption="Share of the examples of each gold class, among all and among PIEs of halves of the lowest and of the "
        "highest sparsity; classes by falling frequency. Dashes: among the examples on which two halves of the dense "
        f"seeds disagree; what PIEs of halves share with these is seed noise. {OF_HALVES}",
        views=("class_distribution",),
        draw=class_distribution.draw,
    ),
    "recall_distortion": Drawing(
        title="Recall distortion against sparsity",
        caption="Boxes of alpha over seeds: the slope of the classes' recall balances after on before pruning. The "
        "sign over a box says whether the interval of the mean (99 %) lies below 1 (<), above it (>) or not (?). Alpha "
        "lies below 1 where nothing is pruned, too: diamonds are alpha*, free of that; the dotted line with its band "
        "is alpha of models that were trained on as long and lost no weight. Panels with collapsed trials have a scale "
        "of their own.",
        views=("recall_distortion", "intensification"),
        draw=distortion_boxes.draw_boxes,
    ),
    "distortion_intervals": Drawing(
        title="Intervals of recall distortion",
        caption="Mean alpha over seeds with its t interval (99 %), beside alpha* with its jackknife interval; dashed: "
        "1; the dotted line with its band is alpha of models that were trained on as long and lost no weight. The sign "
        "over an interval of alpha says on which side of 1 it lies.",
        views=("recall_distortion", "intensification"),
        draw=distortion_boxes.draw_intervals,
    ),
    "distortion_scatter": Drawing(
        title="Recall balances after pruning against before",
        caption="A point is a class of a seed: (recall - accuracy) / accuracy after pruning against before. The line "
        "is the slope through the origin over all of them, with r2 about 0, alpha* and the mean accuracy; dashed: no "
        "change.",
        views=("recall_distortion", "intensification"),
        draw=distortion_scatter.draw,
    ),
    "distortion_tradeoff": Drawing(
        title="Accuracy and recall distortion",
        caption="Mean accuracy (left) and mean alpha (right) over seeds with standard errors; the axes are centred on "
        "the accuracy before pruning and on 1, where the dashed line is. Alpha mostly restates accuracy: where the "
        "errors of all classes grow alike, it is the odds ratio of an error.",
        views=("recall_distortion", "intensification"),
        draw=distortion_tradeoff.draw,
    ),
    "el2n_bins": Drawing(
        title="PIEs among influential training examples",
        caption="Share of PIEs of halves of the training split in twenty bins of equally many examples by EL2N, the "
        "norm of the dense models' error early in training. Dotted: the share on which two halves of the dense seeds "
        "disagree; a profile that PIEs of halves share with it is seed noise. Bins go by errors of these dense seeds: "
        "where an early error foretells a seed's vote, both lines part by some points though pruning does nothing. "
        f"{OF_HALVES}",
        views=("el2n_bins",),
        draw=el2n_bins.draw,
    ),
    "readability": Drawing(
        title="Readability and length of PIEs",
        caption="Mean of each score over PIEs of halves, divided by its mean over all examples: above the solid line "
        "they are harder to read, or longer; bands: 95 % over examples. The turquoise line is the mean of the methods, "
        f"the dotted one that of the examples on which two halves of the dense seeds disagree. {OF_HALVES}",
        views=("readability_ratio",),
        draw=readability.draw,
    ),
    "rate_by_seeds": Drawing(
        title="The PIE rate against the number of seeds",
        caption="PIE rate of so many dense and as many pruned seeds, mean over subsets of the seeds; dotted: of two "
        "disjoint sets of so many dense seeds. It falls as seeds are added, whatever pruning does: rates of unequally "
        "many seeds are not to be compared.",
        views=("predictions",),
        draw=rate_by_seeds.draw,
    ),
    "seed_adequacy": Drawing(
        title="What more seeds give",
        caption="How many of the PIEs two disjoint sets of seeds share, and within how many points the PIE rate of so "
        "many seeds is known, against the number of seeds: mean over sparsities. Shaded: more seeds than there are; "
        "the dotted line is one point.",
        views=("predictions",),
        draw=seed_adequacy.draw,
    ),
    "human_difficulty": Drawing(
        title="PIEs among examples on which people disagree",
        caption="Share of PIEs of halves in ten bins of equally many examples by how much people disagreed on them, "
        "the least first; mean over sparsities. Dotted: how often two halves of the dense seeds disagree there. "
        f"{OF_HALVES}",
        views=("pies", "human_disagreement"),
        draw=human_difficulty.draw,
    ),
    "sparsity_pattern": Drawing(
        title="Which weights of a matrix stay",
        caption="The middle one of the largest matrices, of the lowest seed, under each method at its highest "
        "sparsity. Dark: much stays of a block of the matrix; the darkest is the fullest of its panel.",
        views=("layers",),
        draw=sparsity_pattern.draw,
    ),
    "rank_by_layer": Drawing(
        title="Rank of matrices by layer",
        caption="Singular values above the largest times the longer side times the precision of fp32, of as many as "
        "there could be; mean over seeds.",
        views=("layers",),
        draw=rank_by_layer.draw,
    ),
    "loss_by_step": Drawing(
        title="Loss against steps",
        caption="Mean over seeds of the loss that training saw, penalties and teachers included, so that methods with "
        "and without these are not to be compared by height, which is logarithmic where one would hide the others. "
        "Dashed: the dense model, which trains for as long as it does.",
        views=("curves",),
        draw=loss_by_step.draw,
    ),
    "weight_values": Drawing(
        title="Values of the weights that stay",
        caption="Density over all prunable layers and seeds, on a logarithmic scale. A few large weights lie beyond "
        "the edges.",
        views=("layers",),
        draw=weight_values.draw,
    ),
    "left_by_layer": Drawing(
        title="What is left by layer",
        caption="Share of the weights of each prunable matrix that stays; mean over seeds. Biases and gains are not "
        "drawn.",
        views=("layers",),
        draw=left_by_layer.draw,
    ),
}
