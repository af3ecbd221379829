-- Title:     What every answer of span trials counts in their headline
-- Grain:     one row per (trial, split, example)
-- Needs:     task, trial, span_rows
-- Columns:   trial_no    INTEGER
--            split       VARCHAR
--            example_id  INTEGER
--            part        DOUBLE   the headline of any answers is the sum of these over the sum of `whole`
--            whole       DOUBLE
-- Reference: Rajpurkar et al. 2016 (SQuAD), and its script evaluate-v1.1.py
SELECT
    t.trial_no, r.split, r.example_id,
    internal.span_score(k.metric, r.exact, r.quality) AS part,
    1.0::DOUBLE AS whole
FROM internal.span_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
