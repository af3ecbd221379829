-- Title:     The headline of every generation trial, by number
-- Grain:     one row per (trial, split)
-- Needs:     task, trial, answer_rows
-- Columns:   trial_no  INTEGER
--            cell_no   INTEGER
--            split     VARCHAR
--            value     DOUBLE   of all texts of the split together, as the trial found it: SQL knows no BLEU
-- Reference: sacrebleu and rouge-score
SELECT t.trial_no, t.cell_no, r.split, (t.metrics::JSON -> r.split ->> k.metric)::DOUBLE AS value
FROM (SELECT DISTINCT trial_id, split FROM internal.answer_rows) AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
