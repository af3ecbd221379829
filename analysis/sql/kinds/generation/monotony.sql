-- Title:     How little generation trials vary their answers
-- Grain:     one row per (trial, split)
-- Needs:     trial, answer_rows, gold_texts
-- Columns:   trial_no  INTEGER
--            split     VARCHAR
--            kind      VARCHAR   empty (nothing is written), constant (one text after all inputs), or null
-- Reference: none
WITH gold AS (
    SELECT task_no, split
    FROM internal.gold_texts
    GROUP BY ALL
    HAVING min(hash(gold_texts)) < max(hash(gold_texts))
)
SELECT
    t.trial_no, r.split,
    CASE
        WHEN max(length(r.answer)) = 0 THEN 'empty'
        WHEN any_value(g.split) IS NOT NULL AND min(hash(r.answer)) = max(hash(r.answer)) THEN 'constant'
    END AS kind
FROM internal.answer_rows AS r
JOIN internal.trial AS t USING (trial_id)
LEFT JOIN gold AS g ON g.task_no = t.task_no AND g.split = r.split
GROUP BY t.trial_no, r.split
