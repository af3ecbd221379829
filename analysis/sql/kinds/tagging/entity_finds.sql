-- Title:     Entities that tagging trials find, by type
-- Grain:     one row per (trial, split, example, type of entity) that the gold tags mark
-- Needs:     trial, tags_rows, gold_tags, tag_meaning
-- Columns:   trial_no    INTEGER
--            split       VARCHAR
--            example_id  INTEGER
--            class       VARCHAR   the type; of tags that mark no entities the tag
--            gold        BIGINT    entities of that type
--            hits        BIGINT    those of them that the answer has, by their words and their type
-- Reference: seqeval, default mode
WITH entities AS (
    SELECT
        t.trial_no, r.split, r.example_id, m.names,
        internal.entities(r.tags, m.opens, m.types) AS said,
        unnest(internal.entities(g.gold_tags, m.opens, m.types)) AS entity
    FROM internal.tags_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.tag_meaning AS m USING (task_no)
    JOIN internal.gold_tags AS g ON internal.place(g.task_no, g.split, g.example_id) = internal.place(t.task_no, r.split, r.example_id)
)
SELECT
    trial_no, split, example_id, names[internal.entity_type(entity)] AS class,
    count(*) AS gold,
    count(*) FILTER (list_contains(said, entity)) AS hits
FROM entities
GROUP BY ALL
