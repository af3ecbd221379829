-- Title:     Pairs of seeds that declared hypotheses compare
-- Grain:     one row per (family_no, comparison_no, seed) of families that compare effectiveness over seeds
-- Needs:     hypothesis, comparison, cell, trial, scores
-- Columns:   family_no      INTEGER   as in the view hypotheses
--            comparison_no  INTEGER
--            compare        VARCHAR   effectiveness: on PIEs each seed is scored on what others find, which is not SQL
--            task           VARCHAR
--            split          VARCHAR
--            seed           BIGINT
--            value          DOUBLE    effectiveness of the cell; null where it lacks the seed, or the seed has no value
--            other_value    DOUBLE    that of the other cell
-- Reference: none
-- Example:   SELECT family_no, comparison_no, avg(value - other_value) AS difference FROM seed_pairs GROUP BY ALL
WITH chosen AS (
    SELECT h.family_no, c.comparison_no, h.split, one.cell_no, other.cell_no AS other_cell_no
    FROM internal.hypothesis AS h
    JOIN internal.comparison AS c USING (family_no)
    LEFT JOIN internal.cell AS one USING (task, model, method, sparsity)
    LEFT JOIN internal.cell AS other
        ON other.task = c.other_task AND other.model = c.other_model AND other.method = c.other_method
        AND other.sparsity = c.other_sparsity
    WHERE h.compare = 'effectiveness' AND h.test IN ('paired-t', 'bootstrap')
),
sides AS (
    SELECT * EXCLUDE (cell_no, other_cell_no), unnest([cell_no, other_cell_no]) AS cell_no, unnest([false, true]) AS is_other
    FROM chosen
),
measured AS (
    SELECT
        c.family_no, c.comparison_no, s.split, s.trial_no,
        if(c.is_other, NULL, s.value) AS value,
        if(c.is_other, s.value, NULL) AS other_value
    FROM sides AS c
    JOIN internal.scores AS s ON s.cell_no = c.cell_no AND s.split = c.split
)
SELECT
    m.family_no, m.comparison_no, 'effectiveness' AS compare, t.task, m.split, t.seed,
    max(m.value) AS value,
    max(m.other_value) AS other_value
FROM measured AS m
JOIN internal.trial AS t USING (trial_no)
GROUP BY ALL
