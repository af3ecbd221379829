-- Title:     PIEs by influence
-- Grain:     one row per (task, split, model, method, sparsity, bin) of every pruned cell whose dense trials recorded EL2N
-- Needs:     cell, pairs, el2n_scores
-- Columns:   task      VARCHAR
--            split     VARCHAR   train
--            model     VARCHAR
--            method    VARCHAR
--            sparsity  DOUBLE
--            bin       INTEGER   1 to 20, the most influential examples in the last: bin k holds the scores above the
--                      percentile 5 (k - 1) up to the percentile 5 k, equal scores always in one bin, the lower one
--            low       DOUBLE    the lowest score of the bin
--            high      DOUBLE    the highest
--            examples  BIGINT    examples of the bin with a pruned and a dense vote
--            pies      BIGINT
--            rate      DOUBLE    pies / examples
-- Reference: Tropeano et al. 2025, section 4.2 and Figures 4 and 14 to 20; percentiles interpolate linearly, as in numpy
WITH edges AS (
    SELECT
        cell_no, split,
        quantile_cont(el2n, [
            0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50,
            0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95
        ]) AS edges
    FROM internal.el2n_scores
    GROUP BY ALL
),
binned AS (
    SELECT
        s.cell_no, s.split, s.example_id, s.el2n,
        (1 + len(list_filter(e.edges, lambda edge: edge < s.el2n)))::UTINYINT AS bin
    FROM internal.el2n_scores AS s
    JOIN edges AS e USING (cell_no, split)
),
counts AS (
    SELECT
        p.cell_no, p.split, b.bin,
        min(b.el2n) AS low,
        max(b.el2n) AS high,
        count(*) AS examples,
        count(*) FILTER (p.is_pie) AS pies
    FROM internal.pairs AS p
    JOIN internal.cell AS c USING (cell_no)
    JOIN binned AS b ON b.cell_no = c.dense_cell_no AND b.split = p.split AND b.example_id = p.example_id
    WHERE p.is_pie IS NOT NULL
    GROUP BY ALL
)
SELECT
    c.task, n.split, c.model, c.method, c.sparsity, n.bin::INTEGER AS bin, n.low, n.high, n.examples, n.pies,
    n.pies / n.examples AS rate
FROM counts AS n
JOIN internal.cell AS c USING (cell_no)
