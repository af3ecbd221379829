-- Title:     PIEs by influence
-- Grain:     one row per (task, split, model, method, sparsity, bin) of every pruned cell whose dense trials recorded EL2N
-- Needs:     cell, pairs, el2n_binned
-- Columns:   task      VARCHAR
--            split     VARCHAR   train
--            model     VARCHAR
--            method    VARCHAR
--            sparsity  DOUBLE
--            bin       INTEGER   1 to 20, as in the view el2n
--            low       DOUBLE    the lowest score of the bin
--            high      DOUBLE    the highest
--            examples  BIGINT    examples of the bin with a pruned and a dense vote
--            pies      BIGINT
--            rate      DOUBLE    pies / examples
-- Reference: Tropeano et al. 2025, section 4.2 and Figures 4 and 14 to 20
-- Example:   PIVOT el2n_bins ON bin USING any_value(rate) GROUP BY task, model, method, sparsity
WITH counts AS (
    SELECT
        p.cell_no, p.split, b.bin,
        min(b.el2n) AS low,
        max(b.el2n) AS high,
        count(*) AS examples,
        count(*) FILTER (p.is_pie) AS pies
    FROM internal.pairs AS p
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.el2n_binned AS b ON b.cell_no = c.dense_cell_no AND b.split = p.split AND b.example_id = p.example_id
    WHERE p.is_pie IS NOT NULL
    GROUP BY ALL
)
SELECT
    c.task, n.split, c.model, c.method, c.sparsity, n.bin::INTEGER AS bin, n.low, n.high, n.examples, n.pies,
    n.pies / n.examples AS rate
FROM counts AS n
JOIN internal.cell AS c USING (cell_no)
