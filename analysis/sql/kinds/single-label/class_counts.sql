-- Title:     Classes that single-label trials answer, and those that are true
-- Grain:     several rows per (trial, split, class), to be added up
-- Needs:     trial, label_rows, example
-- Columns:   trial_no     INTEGER
--            split        VARCHAR
--            class_index  INTEGER 
--            support      BIGINT
--            predicted    BIGINT
--            hits         BIGINT
-- Reference: none
WITH seen AS (
    SELECT t.trial_no, r.split, e.label AS gold, r.label AS said, count(*) AS examples
    FROM internal.label_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(t.task_no, r.split, r.example_id)
    WHERE e.label IS NOT NULL
    GROUP BY ALL
)
SELECT
    trial_no, split,
    unnest([gold, said])::INTEGER AS class_index,
    unnest([examples, 0]) AS support,
    unnest([0, examples]) AS predicted,
    unnest([if(gold = said, examples, 0), 0]) AS hits
FROM seen
