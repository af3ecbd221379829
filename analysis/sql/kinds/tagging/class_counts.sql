-- Title:     Tags that tagging trials give, and those that are true
-- Grain:     several rows per (trial, split, class), to be added up; of words, not of examples
-- Needs:     trial, tags_rows, gold_tags
-- Columns:   trial_no     INTEGER
--            split        VARCHAR
--            class_index  INTEGER 
--            support      BIGINT
--            predicted    BIGINT
--            hits         BIGINT
-- Reference: none
WITH words AS (
    SELECT t.trial_no, r.split, unnest(g.gold_tags) AS gold, unnest(r.tags) AS said
    FROM internal.tags_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.gold_tags AS g
        ON internal.place(g.task_no, g.split, g.example_id) = internal.place(t.task_no, r.split, r.example_id)
),
seen AS (
    SELECT trial_no, split, gold, said, count(*) AS words FROM words GROUP BY ALL
)
SELECT
    trial_no, split,
    unnest([gold, said])::INTEGER AS class_index,
    unnest([words, 0]) AS support,
    unnest([0, words]) AS predicted,
    unnest([if(gold = said, words, 0), 0]) AS hits
FROM seen
