-- Title:     Collapsed and nearly collapsed trials
-- Grain:     one row per (trial, split) that collapsed, or nearly did
-- Needs:     trial, monotony
-- Columns:   task      VARCHAR
--            split     VARCHAR
--            model     VARCHAR
--            method    VARCHAR   dense for the unpruned model
--            sparsity  DOUBLE
--            seed      BIGINT
--            kind      VARCHAR   the first that holds: nan, the trial met outputs that are no numbers; empty or all-classes,
--                      every example got no class, or every class of a multi-label task; constant, every example got the
--                      same answer while the gold labels are not all the same; near-constant, answers other than the
--                      most frequent one are less than a tenth as frequent as gold labels other than the most frequent
--                      one; near-empty, classes are given less than a tenth as often as gold has them
--            trial_id  VARCHAR
-- Reference: none
-- Example:   SELECT task, model, method, sparsity, kind, count(*) AS trials FROM collapsed GROUP BY ALL
WITH judged AS (
    SELECT
        t.task, m.split, t.model, t.method, t.sparsity, t.seed,
        if(coalesce((t.metrics::JSON -> m.split ->> 'nan_rows')::DOUBLE, 0) > 0, 'nan', m.kind) AS kind,
        t.trial_id
    FROM internal.monotony AS m
    JOIN internal.trial AS t USING (trial_no)
)
SELECT * FROM judged WHERE kind IS NOT NULL
