-- Title:     Answers of single-label trials, in names
-- Grain:     one row per (trial, split, example)
-- Needs:     task, trial, example, label_rows
-- Columns:   as the view predictions
-- Reference: none
SELECT
    trial_id, r.split, r.example_id,
    k.classes[r.label + 1] AS label, NULL::VARCHAR[] AS labels,
    r.probabilities,
    if(e.label IS NULL, NULL, internal.named(k.classes, internal.vote_of_one(e.label))) AS gold,
    r.label = e.label AS correct,
    (r.label = e.label)::INTEGER::DOUBLE AS quality
FROM internal.label_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
-- Grouped, so that a question that asks for nothing of the examples never reads them.
LEFT JOIN (
    SELECT internal.place(task_no, split, example_id) AS place, any_value(label) AS label
    FROM internal.example
    GROUP BY place
) AS e ON e.place = internal.place(t.task_no, r.split, r.example_id)
