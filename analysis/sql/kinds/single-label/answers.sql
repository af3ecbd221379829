-- Title:     Answers of single-label trials, in names
-- Grain:     one row per (trial, split, example)
-- Needs:     task, trial, label_rows
-- Columns:   as the view predictions
-- Reference: none
SELECT
    trial_id, r.split, r.example_id,
    k.classes[r.label + 1] AS label, NULL::VARCHAR[] AS labels,
    r.probabilities
FROM internal.label_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
