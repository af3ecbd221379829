"""Ask in SQL for a cell's recall distortion beside that of its control: what `piesweep explain` shows of it."""

from __future__ import annotations

from analysis.statistics.cross_seed import LEAST_RELIABILITY
from runner.studies.seed_advice import LEAST_SEEDS


def distortion_questions(where: str) -> dict[str, str]:
    """View -> query, of the cells that the condition names: alpha and the odds ratio of error; alpha* and lambda.

    alpha* = sum over m != k of B_m B_(t,k) / sum over m != k of B_m B_k, by sums over seeds m, k of one class after the
    other; as `analysis.statistics.cross_seed` has it, nothing below five seeds or a lambda of .3.
    """
    alpha = (
        "SELECT method, sparsity, count(alpha) AS seeds, avg(accuracy ORDER BY seed) AS accuracy, "
        "avg(alpha ORDER BY seed) AS alpha, "
        "avg(odds_ratio ORDER BY seed) FILTER (alpha IS NOT NULL) AS odds_ratio, max(note) AS note "
        f"FROM recall_distortion WHERE {where} GROUP BY method, sparsity ORDER BY sparsity DESC"
    )
    classes = (
        "SELECT method, sparsity, class_index, count(*) AS seeds, sum(dense_normalised ORDER BY seed) AS before, "
        "sum(normalised ORDER BY seed) AS after, sum(dense_normalised * normalised ORDER BY seed) AS own_after, "
        "sum(dense_normalised * dense_normalised ORDER BY seed) AS own "
        "FROM intensification SEMI JOIN (FROM recall_distortion WHERE alpha IS NOT NULL) "
        f"USING (task, split, model, method, sparsity, seed) WHERE {where} AND support > 0 GROUP BY ALL"
    )
    sums = (
        "SELECT method, sparsity, any_value(seeds) AS seeds, "
        "sum(before * after - own_after ORDER BY class_index) AS across, "
        "sum(before * before - own ORDER BY class_index) AS shared, sum(own ORDER BY class_index) AS own "
        f"FROM ({classes}) GROUP BY ALL"
    )
    star = (
        "SELECT method, sparsity, seeds, shared / nullif(seeds - 1, 0) / own AS reliability, "
        f"if(seeds >= {LEAST_SEEDS} AND reliability >= {LEAST_RELIABILITY:g}, across / shared, NULL) AS alpha_star "
        f"FROM ({sums}) ORDER BY sparsity DESC"
    )
    return {"recall_distortion": alpha, "intensification": star}
