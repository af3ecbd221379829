-- Title:     Answers of multi-label trials, in names
-- Grain:     one row per (trial, split, example)
-- Needs:     task, trial, labels_rows
-- Columns:   as the view predictions
-- Reference: none
SELECT
    trial_id, r.split, r.example_id,
    NULL::VARCHAR AS label, list_transform(r.labels, lambda class_index: k.classes[class_index + 1]) AS labels,
    r.probabilities
FROM internal.labels_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
