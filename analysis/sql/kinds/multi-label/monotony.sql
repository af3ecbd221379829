-- Title:     How little multi-label trials vary their answers
-- Grain:     one row per (trial, split)
-- Needs:     task, trial, labels_rows, example
-- Columns:   trial_no  INTEGER
--            split     VARCHAR
--            kind      VARCHAR   empty, all-classes, constant, near-empty, or null: as in the view collapsed
-- Reference: none
WITH gold AS (
    -- The rest is the mean number of classes.
    SELECT task_no, split, avg(len(labels)) AS rest
    FROM internal.example
    WHERE labels IS NOT NULL
    GROUP BY ALL
    -- Label sets are told apart by their hashes: far faster than by the lists.
    HAVING min(hash(labels)) <> max(hash(labels))
),
answered AS (
    SELECT
        trial_id, split,
        min(hash(labels)) = max(hash(labels)) AS is_constant,
        max(len(labels)) = 0 AS is_empty,
        min(len(labels)) AS fewest,
        avg(len(labels)) AS rest
    FROM internal.labels_rows
    GROUP BY ALL
)
SELECT
    t.trial_no, a.split,
    CASE
        WHEN g.split IS NULL THEN NULL
        WHEN a.is_empty THEN 'empty'
        WHEN a.fewest = k.class_count THEN 'all-classes'
        WHEN a.is_constant THEN 'constant'
        WHEN a.rest < g.rest / 10 THEN 'near-empty'
    END AS kind
FROM answered AS a
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
LEFT JOIN gold AS g ON g.task_no = t.task_no AND g.split = a.split
