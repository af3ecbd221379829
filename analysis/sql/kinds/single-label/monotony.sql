-- Title:     How little single-label trials vary their answers
-- Grain:     one row per (trial, split)
-- Needs:     trial, label_rows, example
-- Columns:   trial_no  INTEGER
--            split     VARCHAR
--            kind      VARCHAR   constant, near-constant, or null: as in the view collapsed
-- Reference: none
WITH counts AS (
    SELECT task_no, split, label, count(*) AS examples FROM internal.example WHERE label IS NOT NULL GROUP BY ALL
),
-- The rest is the share of labels other than the most frequent one.
gold AS (
    SELECT task_no, split, 1 - max(examples) / sum(examples) AS rest
    FROM counts
    GROUP BY ALL
    HAVING count(*) > 1
),
said AS (
    SELECT trial_id, split, label, count(*) AS examples FROM internal.label_rows GROUP BY ALL
),
answered AS (
    SELECT trial_id, split, count(*) = 1 AS is_constant, 1 - max(examples) / sum(examples) AS rest
    FROM said
    GROUP BY ALL
)
SELECT
    t.trial_no, a.split,
    CASE
        WHEN g.split IS NULL THEN NULL
        WHEN a.is_constant THEN 'constant'
        WHEN a.rest < g.rest / 10 THEN 'near-constant'
    END AS kind
FROM answered AS a
JOIN internal.trial AS t USING (trial_id)
LEFT JOIN gold AS g ON g.task_no = t.task_no AND g.split = a.split
