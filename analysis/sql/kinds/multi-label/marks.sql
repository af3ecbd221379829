-- Title:     Predicted and true classes of multi-label trials
-- Grain:     one row per (trial, split, example, class) where the class is predicted, or true, or both
-- Needs:     trial, labels_rows, example
-- Columns:   trial_no     INTEGER
--            cell_no      INTEGER
--            task_no      SMALLINT
--            split        VARCHAR
--            example_id   INTEGER
--            class_index  SMALLINT
--            predicted    BOOLEAN
--            is_true      BOOLEAN
-- Reference: none; F1 = 2 hits / (predicted + true) needs no row for a class that is neither
SELECT
    trial_no, cell_no, task_no, split, example_id, class_index,
    list_contains(labels, class_index) AS predicted,
    list_contains(gold, class_index) AS is_true
FROM (
    SELECT
        t.trial_no, t.cell_no, t.task_no, r.split, r.example_id, r.labels, e.labels AS gold,
        unnest(list_distinct(list_concat(r.labels, e.labels))) AS class_index
    FROM internal.labels_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(t.task_no, r.split, r.example_id)
)
