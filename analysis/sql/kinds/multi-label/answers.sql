-- Title:     Answers of multi-label trials, in names
-- Grain:     one row per (trial, split, example)
-- Needs:     task, trial, example, labels_rows
-- Columns:   as the view predictions
-- Reference: none
SELECT
    trial_id, r.split, r.example_id,
    NULL::VARCHAR AS label, list_transform(r.labels, lambda class_index: k.classes[class_index + 1]) AS labels,
    r.probabilities,
    internal.named(k.classes, internal.vote_of_many(e.labels)) AS gold,
    r.labels = e.labels AS correct,
    if(
        len(r.labels) + len(e.labels) = 0, 1, 2 * len(list_intersect(r.labels, e.labels)) / (len(r.labels) + len(e.labels))
    ) AS quality
FROM internal.labels_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
-- Grouped, so that a question that asks for nothing of the examples never reads them.
LEFT JOIN (
    SELECT internal.place(task_no, split, example_id) AS place, any_value(labels) AS labels
    FROM internal.example
    GROUP BY place
) AS e ON e.place = internal.place(t.task_no, r.split, r.example_id)
