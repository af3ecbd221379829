-- Title:     Classes that multi-label trials answer, and those that are true
-- Grain:     several rows per (trial, split, class), to be added up
-- Needs:     trial, labels_rows, marks
-- Columns:   trial_no     INTEGER
--            split        VARCHAR
--            class_index  INTEGER    -1 keeps the place of a trial that leaves no mark: it predicts nothing where nothing
--                         is true
--            support      BIGINT
--            predicted    BIGINT
--            hits         BIGINT
-- Reference: none
SELECT trial_no, split, class_index, is_true::BIGINT AS support, predicted::BIGINT AS predicted, (is_true AND predicted)::BIGINT AS hits
FROM internal.marks
UNION ALL
SELECT DISTINCT t.trial_no, r.split, -1, 0, 0, 0
FROM internal.labels_rows AS r
JOIN internal.trial AS t USING (trial_id)
