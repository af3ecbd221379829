-- Title:     Predictions
-- Grain:     one row per (trial_id, split, example_id)
-- Needs:     task, trial, single_rows, multi_rows
-- Columns:   trial_id       VARCHAR
--            split          VARCHAR
--            example_id     INTEGER
--            label          VARCHAR    predicted class; null for multi-label tasks
--            labels         VARCHAR[]  predicted classes in index order; null for single-label tasks
--            probabilities  FLOAT[]    one per class in index order; null where the study did not record them
-- Reference: none
-- Example:   SELECT method, sparsity, seed, label FROM predictions JOIN trials USING (trial_id) WHERE example_id = 7
SELECT trial_id, r.split, r.example_id, k.classes[r.label + 1] AS label, NULL::VARCHAR[] AS labels, r.probabilities
FROM internal.single_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
UNION ALL
SELECT
    trial_id, r.split, r.example_id,
    NULL::VARCHAR AS label,
    list_transform(r.labels, lambda class_index: k.classes[class_index + 1]) AS labels,
    r.probabilities
FROM internal.multi_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
