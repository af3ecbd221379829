-- Title:     Answers of span trials, as texts
-- Grain:     one row per (trial, split, example)
-- Needs:     trial, span_rows, gold_spans, example
-- Columns:   as the view predictions
-- Reference: none
SELECT
    trial_id, r.split, r.example_id, r.span,
    internal.span_text(e.text_pair, r.span) AS answer,
    internal.vote_of_many(e.gold) AS gold,
    r.exact AS correct,
    r.quality
FROM internal.span_rows AS r
JOIN internal.trial AS t USING (trial_id)
-- Grouped, so that a question that asks for nothing of the examples never reads them.
LEFT JOIN (
    SELECT
        internal.place(g.task_no, g.split, g.example_id) AS place,
        any_value(x.text_pair) AS text_pair,
        any_value(list_transform(g.gold_spans, lambda one: internal.span_text(x.text_pair, one))) AS gold
    FROM internal.gold_spans AS g
    JOIN internal.example AS x ON internal.place(x.task_no, x.split, x.example_id) = internal.place(g.task_no, g.split, g.example_id)
    GROUP BY place
) AS e ON e.place = internal.place(t.task_no, r.split, r.example_id)
