-- Title:     Answers of generation trials
-- Grain:     one row per (trial, split, example)
-- Needs:     trial, answer_rows, gold_texts
-- Columns:   as the view predictions
-- Reference: none
SELECT
    trial_id, r.split, r.example_id, r.answer,
    list_contains(g.gold_texts, r.answer) AS correct,
    r.quality
FROM internal.answer_rows AS r
JOIN internal.trial AS t USING (trial_id)
LEFT JOIN (
    SELECT internal.place(task_no, split, example_id) AS place, any_value(gold_texts) AS gold_texts
    FROM internal.gold_texts
    GROUP BY place
) AS g ON g.place = internal.place(t.task_no, r.split, r.example_id)
