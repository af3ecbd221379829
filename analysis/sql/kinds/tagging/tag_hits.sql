-- Title:     Entities that tagging trials find
-- Grain:     one row per (trial, split, example) whose gold tags are known
-- Needs:     trial, tags_rows, gold_tags, tag_meaning
-- Columns:   trial_no    INTEGER
--            cell_no     INTEGER
--            split       VARCHAR
--            example_id  INTEGER
--            found       STRUCT   hits, gold, said: entities of both, of the gold tags, and of the answer; right, words: right words, all
-- Reference: seqeval, default mode
SELECT
    t.trial_no, t.cell_no, r.split, r.example_id,
    internal.agreement(g.gold_tags, r.tags, m.opens, m.types) AS found
FROM internal.tags_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.tag_meaning AS m USING (task_no)
JOIN internal.gold_tags AS g ON internal.place(g.task_no, g.split, g.example_id) = internal.place(t.task_no, r.split, r.example_id)
