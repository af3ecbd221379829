-- Title:     How little span trials vary their answers
-- Grain:     one row per (trial, split)
-- Needs:     trial, span_rows, gold_spans
-- Columns:   trial_no  INTEGER
--            split     VARCHAR
--            kind      VARCHAR   constant (one place for the answers to all questions), or null
-- Reference: none
WITH gold AS (
    SELECT task_no, split
    FROM internal.gold_spans
    GROUP BY ALL
    HAVING min(hash(gold_spans[1])) < max(hash(gold_spans[1]))
)
SELECT
    t.trial_no, r.split,
    if(min(hash(r.span)) = max(hash(r.span)) AND any_value(g.split) IS NOT NULL, 'constant', NULL) AS kind
FROM internal.span_rows AS r
JOIN internal.trial AS t USING (trial_id)
LEFT JOIN gold AS g ON g.task_no = t.task_no AND g.split = r.split
GROUP BY t.trial_no, r.split
