-- Title:     Answers of tagging trials, in names
-- Grain:     one row per (trial, split, example)
-- Needs:     task, trial, tags_rows, gold_tags, tag_hits
-- Columns:   as the view predictions
-- Reference: none
SELECT
    trial_id, r.split, r.example_id,
    internal.named(k.classes, internal.vote_of_many(r.tags)) AS tags,
    internal.named(k.classes, internal.vote_of_many(g.gold_tags)) AS gold,
    r.tags = g.gold_tags AS correct,
    internal.f1(h.found, 1) AS quality
FROM internal.tags_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
LEFT JOIN (
    SELECT internal.place(task_no, split, example_id) AS place, any_value(gold_tags) AS gold_tags FROM internal.gold_tags GROUP BY place
) AS g ON g.place = internal.place(t.task_no, r.split, r.example_id)
LEFT JOIN (
    SELECT internal.place(trial_no, split, example_id) AS place, any_value(found) AS found FROM internal.tag_hits GROUP BY place
) AS h ON h.place = internal.place(t.trial_no, r.split, r.example_id)
