-- Title:     PIE rate
-- Grain:     one row per (task, split, model, method, sparsity) of every pruned cell
-- Needs:     cell, pairs
-- Columns:   task      VARCHAR
--            split     VARCHAR
--            model     VARCHAR
--            method    VARCHAR
--            sparsity  DOUBLE
--            examples  BIGINT   examples with a pruned and a dense vote
--            pies      BIGINT
--            rate      DOUBLE   pies / examples; null without examples
-- Reference: Tropeano et al. 2025, Table 4
-- Example:   PIVOT pie_rate ON sparsity USING any_value(rate) GROUP BY task, split, model, method
SELECT c.task, p.split, c.model, c.method, c.sparsity, p.examples, p.pies, p.pies / nullif(p.examples, 0) AS rate
FROM (
    SELECT cell_no, split, count(is_pie) AS examples, count(*) FILTER (is_pie) AS pies
    FROM internal.pairs
    GROUP BY ALL
) AS p
JOIN internal.cell AS c USING (cell_no)
