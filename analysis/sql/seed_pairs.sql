-- Title:     Pairs of seeds that declared hypotheses compare
-- Grain:     one row per (family_no, comparison_no, seed) of families tested over seeds
-- Needs:     hypothesis, comparison, cell, trial, scores, scores_on_pies
-- Columns:   family_no      INTEGER   as in the view hypotheses
--            comparison_no  INTEGER
--            compare        VARCHAR   effectiveness or effectiveness-on-pies; a condition on it leaves the other uncounted
--            task           VARCHAR
--            split          VARCHAR
--            seed           BIGINT
--            value          DOUBLE    effectiveness of the cell, or of the cell on its PIEs; null where it lacks the seed
--            other_value    DOUBLE    that of the other cell, or of the same cell on all examples
-- Reference: none
WITH chosen AS (
    SELECT h.family_no, c.comparison_no, h.split, h.compare, one.cell_no, other.cell_no AS other_cell_no
    FROM internal.hypothesis AS h
    JOIN internal.comparison AS c USING (family_no)
    LEFT JOIN internal.cell AS one USING (task, model, method, sparsity)
    LEFT JOIN internal.cell AS other
        ON other.task = c.task AND other.model = c.other_model AND other.method = c.other_method
        AND other.sparsity = c.other_sparsity
    WHERE h.test IN ('paired-t', 'bootstrap')
),
between_cells AS (
    SELECT
        c.family_no, c.comparison_no, s.split, s.trial_no,
        if(c.is_other, NULL, s.value) AS value,
        if(c.is_other, s.value, NULL) AS other_value
    FROM (
        SELECT * EXCLUDE (cell_no, other_cell_no), unnest([cell_no, other_cell_no]) AS cell_no, unnest([false, true]) AS is_other
        FROM chosen
        WHERE compare = 'effectiveness'
    ) AS c
    JOIN internal.scores AS s ON s.cell_no = c.cell_no AND s.split = c.split
),
on_pies AS (
    SELECT c.family_no, c.comparison_no, s.split, s.trial_no, s.value, NULL AS other_value
    FROM chosen AS c
    JOIN internal.scores_on_pies AS s ON s.cell_no = c.cell_no AND s.split = c.split
    WHERE c.compare = 'effectiveness-on-pies'
    UNION ALL
    SELECT c.family_no, c.comparison_no, s.split, s.trial_no, NULL AS value, s.value AS other_value
    FROM chosen AS c
    JOIN internal.scores AS s ON s.cell_no = c.cell_no AND s.split = c.split
    WHERE c.compare = 'effectiveness-on-pies'
),
measured AS (
    SELECT 'effectiveness' AS compare, * FROM between_cells
    UNION ALL
    SELECT 'effectiveness-on-pies' AS compare, * FROM on_pies
)
SELECT
    m.family_no, m.comparison_no, m.compare, t.task, m.split, t.seed,
    max(m.value) AS value,
    max(m.other_value) AS other_value
FROM measured AS m
JOIN internal.trial AS t USING (trial_no)
GROUP BY ALL
