-- Title:     Comparisons confounded with hardware
-- Grain:     one row per pair of cells of one task and model that share seeds of which at least one ran on devices of
--            two vendors: a pruned cell with its dense cell, or with another pruned cell
-- Needs:     trial
-- Columns:   task            VARCHAR
--            model           VARCHAR
--            method          VARCHAR
--            sparsity        DOUBLE
--            other_method    VARCHAR   dense for the comparison that makes PIEs
--            other_sparsity  DOUBLE
--            seeds           BIGINT    committed in both cells, on known devices
--            apart           BIGINT    of these, computed on devices of two vendors
-- Reference: none
-- Example:   FROM confounded ORDER BY apart DESC
SELECT
    a.task, a.model, a.method, a.sparsity,
    b.method AS other_method,
    b.sparsity AS other_sparsity,
    count(*) AS seeds,
    count(*) FILTER (a.device_vendor <> b.device_vendor) AS apart
FROM internal.trial AS a
JOIN internal.trial AS b
    ON b.task_no = a.task_no AND b.model = a.model AND b.seed = a.seed AND (b.is_dense OR b.cell_no > a.cell_no)
WHERE NOT a.is_dense AND a.device_vendor IS NOT NULL AND b.device_vendor IS NOT NULL
GROUP BY ALL
HAVING apart > 0
