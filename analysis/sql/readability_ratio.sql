-- Title:     Readability of PIEs against that of all texts
-- Grain:     one row per (task, split, model, method, sparsity, score) of every pruned cell of a split that was scored and
--            is voted on
-- Needs:     cell, cell_split, pairs, readability_rows
-- Columns:   task      VARCHAR
--            split     VARCHAR
--            model     VARCHAR
--            method    VARCHAR
--            sparsity  DOUBLE
--            score     VARCHAR   a column of readability, tokens among them
--            pies      BIGINT    PIEs with a text
--            pie_mean  DOUBLE    over PIEs; null without any
--            mean      DOUBLE    over all texts of the split
--            ratio     DOUBLE    pie_mean / mean; above 1 means PIEs are harder, or longer. Null unless both are
--                      positive: grades have no natural zero, and of negative ones the smaller is the easier
-- Reference: Tropeano et al. 2025, Figures 5 and 21 to 27; of means, since the grade of a short text may be negative
-- Example:   SELECT task, split, model, method, sparsity, ratio FROM readability_ratio WHERE score = 'tokens'
WITH of_all AS (
    SELECT
        task_no, split,
        [favg(automated_readability_index), favg(coleman_liau_index), favg(flesch_kincaid_grade),
         favg(linsear_write_formula), favg(gunning_fog), favg(dale_chall_readability_score),
         favg(difficult_words), favg(tokens)] AS means
    FROM internal.readability_rows
    GROUP BY ALL
),
of_pies AS (
    SELECT
        p.cell_no, p.split, count(*) AS pies,
        [favg(r.automated_readability_index), favg(r.coleman_liau_index), favg(r.flesch_kincaid_grade),
         favg(r.linsear_write_formula), favg(r.gunning_fog), favg(r.dale_chall_readability_score),
         favg(r.difficult_words), favg(r.tokens)] AS means
    FROM internal.pairs AS p
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.readability_rows AS r
        ON internal.place(r.task_no, r.split, r.example_id) = internal.place(c.task_no, p.split, p.example_id)
    WHERE p.is_pie
    GROUP BY ALL
),
-- Without repeats, which a join would hold one by one for every example.
voted AS (SELECT DISTINCT cell_no, split FROM internal.pairs),
by_score AS (
    SELECT
        c.task, s.split, c.model, c.method, c.sparsity,
        unnest(['automated_readability_index', 'coleman_liau_index', 'flesch_kincaid_grade',
                'linsear_write_formula', 'gunning_fog', 'dale_chall_readability_score',
                'difficult_words', 'tokens']) AS score,
        coalesce(p.pies, 0) AS pies,
        unnest(coalesce(p.means, list_transform(a.means, lambda mean: NULL::DOUBLE))) AS pie_mean,
        unnest(a.means) AS mean
    FROM internal.cell AS c
    JOIN internal.cell_split AS s USING (cell_no)
    JOIN of_all AS a ON a.task_no = c.task_no AND a.split = s.split
    LEFT JOIN of_pies AS p ON p.cell_no = c.cell_no AND p.split = s.split
    SEMI JOIN voted AS v ON v.cell_no = c.cell_no AND v.split = s.split
    WHERE NOT c.is_dense AND c.dense_cell_no IS NOT NULL
)
SELECT *, if(pie_mean > 0 AND mean > 0, pie_mean / mean, NULL) AS ratio FROM by_score
