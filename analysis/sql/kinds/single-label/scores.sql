-- Title:     Accuracy of every single-label trial, by number
-- Grain:     one row per (trial, split)
-- Needs:     trial, label_rows, example
-- Columns:   trial_no  INTEGER
--            cell_no   INTEGER
--            split     VARCHAR
--            value     DOUBLE   accuracy
-- Reference: Tropeano et al. 2025, section 3
SELECT t.trial_no, t.cell_no, r.split, avg((r.label = e.label)::INTEGER) AS value
FROM internal.label_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(t.task_no, r.split, r.example_id)
GROUP BY ALL
