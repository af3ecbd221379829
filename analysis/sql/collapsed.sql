-- Title:     Collapsed and nearly collapsed trials
-- Grain:     one row per (trial, split) that collapsed, or nearly did
-- Needs:     task, trial, single_rows, multi_rows, example
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
WITH counts AS (
    SELECT task_no, split, label, count(*) AS examples FROM internal.example WHERE label IS NOT NULL GROUP BY ALL
),
-- The rest is the share of labels other than the most frequent one; of label sets the mean number of classes.
gold AS (
    SELECT task_no, split, 1 - max(examples) / sum(examples) AS rest
    FROM counts
    GROUP BY ALL
    HAVING count(*) > 1
    UNION ALL
    SELECT task_no, split, avg(len(labels)) AS rest
    FROM internal.example
    WHERE labels IS NOT NULL
    GROUP BY ALL
    -- Label sets are told apart by their hashes: far faster than by the lists.
    HAVING min(hash(labels)) <> max(hash(labels))
),
said AS (
    SELECT trial_id, split, label, count(*) AS examples FROM internal.single_rows GROUP BY ALL
),
answered AS (
    SELECT
        trial_id, split, count(*) = 1 AS is_constant, false AS is_empty, 0 AS fewest,
        1 - max(examples) / sum(examples) AS rest
    FROM said
    GROUP BY ALL
    UNION ALL
    SELECT
        trial_id, split,
        min(hash(labels)) = max(hash(labels)) AS is_constant,
        max(len(labels)) = 0 AS is_empty,
        min(len(labels)) AS fewest,
        avg(len(labels)) AS rest
    FROM internal.multi_rows
    GROUP BY ALL
),
judged AS (
    SELECT
        t.task, a.split, t.model, t.method, t.sparsity, t.seed,
        CASE
            WHEN coalesce((t.metrics::JSON -> a.split ->> 'nan_rows')::DOUBLE, 0) > 0 THEN 'nan'
            WHEN g.split IS NULL THEN NULL
            WHEN a.is_empty THEN 'empty'
            WHEN k.kind = 'multi-label' AND a.fewest = k.class_count THEN 'all-classes'
            WHEN a.is_constant THEN 'constant'
            WHEN a.rest < g.rest / 10 THEN if(k.kind = 'multi-label', 'near-empty', 'near-constant')
        END AS kind,
        t.trial_id
    FROM answered AS a
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.task AS k USING (task_no)
    LEFT JOIN gold AS g ON g.task_no = t.task_no AND g.split = a.split
)
SELECT * FROM judged WHERE kind IS NOT NULL
