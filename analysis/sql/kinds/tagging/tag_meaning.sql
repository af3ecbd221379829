-- Title:     What the tags of a task mean
-- Grain:     one row per tagging task
-- Needs:     task
-- Columns:   task_no  SMALLINT
--            opens    BOOLEAN[]  of every tag in index order: an entity begins there, whatever was before
--            types    BIGINT[]   and the type of its entity, -1 for none: its place among the names. Tags that mark no
--                     entities (O, B-type, I-type) are each the entity of one word
--            names    VARCHAR[]  of types; those of further tags of a type are there, and never meant
-- Reference: Tjong Kim Sang and De Meulder 2003 (CoNLL-2003), and its script conlleval
WITH schemes AS (
    SELECT
        task_no, classes,
        list_bool_and([regexp_full_match(name, '(?s)O|[BI]-.+') FOR name IN classes])
        AND list_bool_or([regexp_full_match(name, '(?s)[BI]-.+') FOR name IN classes]) AS marks_entities,
        [name[3:] FOR name IN classes] AS names
    FROM internal.task
    WHERE kind = 'tagging'
)
SELECT
    task_no,
    [NOT marks_entities OR starts_with(name, 'B-') FOR name IN classes] AS opens,
    if(
        marks_entities,
        [if(name = 'O', -1, list_position(names, name[3:])) FOR name IN classes],
        range(1, len(classes) + 1)
    )::BIGINT[] AS types,
    if(marks_entities, names, classes) AS names
FROM schemes
