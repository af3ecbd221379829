-- Title:     Drift: by how much pruning moves the quality of answers
-- Grain:     one row per (task, split, model, method, sparsity) of every pruned cell whose dense cell has committed
-- Needs:     cell, trial, answers
-- Columns:   task           VARCHAR
--            split          VARCHAR
--            model          VARCHAR
--            method         VARCHAR
--            sparsity       DOUBLE
--            seeds          BIGINT   pruned trials whose answers have a quality
--            dense_seeds    BIGINT   dense ones
--            quality        DOUBLE   mean over pruned seeds of the mean quality of answers, as predictions has it
--            dense_quality  DOUBLE   of dense seeds
--            drift          DOUBLE   quality - dense_quality
--            dense_halves   DOUBLE   what seeds alone move: the root mean square of the difference between the mean
--                           qualities of two halves of the dense seeds, over all ways to halve them (of an odd number
--                           one half has a seed more); null with fewer than two
-- Reference: none; the two means of random disjoint parts of a and b seeds differ with variance s^2 (1/a + 1/b)
-- Example:   SELECT * FROM drift WHERE abs(drift) > 2 * dense_halves ORDER BY drift
WITH trial_means AS (
    SELECT trial_id, split, favg(quality) AS quality FROM internal.answers WHERE quality IS NOT NULL GROUP BY ALL
),
cell_means AS (
    SELECT
        t.cell_no, m.split,
        count(*) AS seeds,
        avg(m.quality ORDER BY t.trial_no) AS quality,
        var_samp(m.quality ORDER BY t.trial_no) AS variance
    FROM trial_means AS m
    JOIN internal.trial AS t USING (trial_id)
    GROUP BY ALL
)
SELECT
    c.task, p.split, c.model, c.method, c.sparsity, p.seeds,
    d.seeds AS dense_seeds,
    p.quality,
    d.quality AS dense_quality,
    p.quality - d.quality AS drift,
    if(d.seeds < 2, NULL, sqrt(d.variance * (1 / (d.seeds // 2) + 1 / (d.seeds - d.seeds // 2)))) AS dense_halves
FROM internal.cell AS c
JOIN cell_means AS p USING (cell_no)
JOIN cell_means AS d ON d.cell_no = c.dense_cell_no AND d.split = p.split
WHERE NOT c.is_dense
