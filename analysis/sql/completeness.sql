-- Title:     Completeness
-- Grain:     one row per (task, model, method, sparsity) that was planned or has committed trials
-- Needs:     wanted
-- Columns:   task       VARCHAR
--            model      VARCHAR
--            method     VARCHAR
--            sparsity   DOUBLE
--            planned    BIGINT   trials that a plan names, and committed ones that no plan names (ingested, say)
--            committed  BIGINT
--            failed     BIGINT   gave up after their retries
--            missing    BIGINT   neither: running or still to run, which rows cannot tell
-- Reference: none
-- Example:   FROM completeness WHERE committed < planned
SELECT
    task, model, method, sparsity,
    count(*) AS planned,
    count(*) FILTER (committed) AS committed,
    count(*) FILTER (failed AND NOT committed) AS failed,
    count(*) FILTER (NOT failed AND NOT committed) AS missing
FROM internal.wanted
GROUP BY ALL
