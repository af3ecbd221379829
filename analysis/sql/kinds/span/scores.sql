-- Title:     The headline of every span trial, by number
-- Grain:     one row per (trial, split)
-- Needs:     task, trial, span_rows
-- Columns:   trial_no  INTEGER
--            cell_no   INTEGER
--            split     VARCHAR
--            value     DOUBLE   the mean F1 of its answers; the share of exact ones where that is the headline
-- Reference: Rajpurkar et al. 2016 (SQuAD), and its script evaluate-v1.1.py
SELECT
    t.trial_no, t.cell_no, r.split,
    avg(internal.span_score(k.metric, r.exact, r.quality) ORDER BY r.example_id) AS value
FROM internal.span_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
GROUP BY t.trial_no, t.cell_no, r.split, k.metric
