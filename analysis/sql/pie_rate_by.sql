-- Title:     PIE rate by a column of the examples
-- Grain:     one row per (task, split, model, method, sparsity, feature, value) of every pruned cell
-- Needs:     cell, pairs, slices
-- Columns:   task      VARCHAR
--            split     VARCHAR
--            model     VARCHAR
--            method    VARCHAR
--            sparsity  DOUBLE
--            feature   VARCHAR  a column of the view examples, as in the view slices
--            value     VARCHAR  what the examples have there, or the lowest and the highest number of their bin
--            place     DOUBLE   sorts the values of a column of numbers
--            examples  BIGINT   examples with this value that have a pruned and a dense vote
--            pies      BIGINT
--            rate      DOUBLE   pies / examples. Intervals, and what seed noise makes: piesweep table STORE slices
-- Reference: none; Tropeano et al. 2025, Table 4, within a slice
-- Example:   PIVOT pie_rate_by ON value USING any_value(rate) GROUP BY task, split, model, method, sparsity, feature
SELECT
    c.task, p.split, c.model, c.method, c.sparsity, s.feature, s.value,
    min(s.place) AS place,
    count(*) AS examples,
    count(*) FILTER (p.is_pie) AS pies,
    count(*) FILTER (p.is_pie) / count(*) AS rate
FROM internal.pairs AS p
JOIN internal.cell AS c USING (cell_no)
JOIN slices AS s ON s.split = p.split AND row(s.task, s.split, s.example_id) = row(c.task, p.split, p.example_id)
WHERE p.is_pie IS NOT NULL
GROUP BY c.task, p.split, c.model, c.method, c.sparsity, s.feature, s.value
