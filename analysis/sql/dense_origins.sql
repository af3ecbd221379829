-- Title:     The dense trial that every trial goes on from, by way of however many levels
-- Grain:     one row per trial that goes on from another
-- Needs:     trial
-- Columns:   trial_no   INTEGER
--            dense_id   VARCHAR   of the first of the line, whether the store has it or not
--            dense_no   INTEGER   null where the store does not have it, or has no dense one of that id
-- Reference: none
WITH RECURSIVE line AS (
    SELECT trial_no, parent_id AS before FROM internal.trial WHERE parent_id IS NOT NULL
    UNION -- and not all: a store whose parents go round in a circle ends here too
    SELECT l.trial_no, t.parent_id AS before
    FROM line AS l
    JOIN internal.trial AS t ON t.trial_id = l.before
    WHERE t.parent_id IS NOT NULL
)
SELECT l.trial_no, l.before AS dense_id, if(t.is_dense, t.trial_no, NULL) AS dense_no
FROM line AS l
LEFT JOIN internal.trial AS t ON t.trial_id = l.before
WHERE t.parent_id IS NULL
