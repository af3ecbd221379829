-- Title:     The headline of every tagging trial, by number
-- Grain:     one row per (trial, split)
-- Needs:     task, trial, tag_hits
-- Columns:   trial_no  INTEGER
--            cell_no   INTEGER
--            split     VARCHAR
--            value     DOUBLE   of all entities of the split together, 0 where there are none; the
--                      accuracy of its words where that is the headline
-- Reference: seqeval.metrics.f1_score
SELECT h.trial_no, h.cell_no, h.split, internal.tag_score(k.metric, internal.added(h.found)) AS value
FROM internal.tag_hits AS h
JOIN internal.trial AS t USING (trial_no)
JOIN internal.task AS k USING (task_no)
GROUP BY h.trial_no, h.cell_no, h.split, k.metric
