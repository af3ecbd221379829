-- Title:     How little tagging trials vary their answers
-- Grain:     one row per (trial, split)
-- Needs:     trial, tags_rows, gold_tags
-- Columns:   trial_no  INTEGER
--            split     VARCHAR
--            kind      VARCHAR   constant, near-constant, or null: as in the view collapsed, of words and their tags
-- Reference: none
WITH counts AS (
    SELECT task_no, split, tag, count(*) AS words
    FROM (SELECT task_no, split, unnest(gold_tags) AS tag FROM internal.gold_tags)
    GROUP BY ALL
),
-- The rest is the share of tags other than the most frequent one.
gold AS (
    SELECT task_no, split, 1 - max(words) / sum(words) AS rest
    FROM counts
    GROUP BY ALL
    HAVING count(*) > 1
),
said AS (
    SELECT trial_id, split, tag, count(*) AS words
    FROM (SELECT trial_id, split, unnest(tags) AS tag FROM internal.tags_rows)
    GROUP BY ALL
),
answered AS (
    SELECT trial_id, split, count(*) = 1 AS is_constant, 1 - max(words) / sum(words) AS rest
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
