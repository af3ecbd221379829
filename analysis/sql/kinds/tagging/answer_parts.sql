-- Title:     What every answer of tagging trials counts in their headline
-- Grain:     one row per (trial, split, example) whose gold tags are known
-- Needs:     task, trial, tag_hits
-- Columns:   trial_no    INTEGER
--            split       VARCHAR
--            example_id  INTEGER
--            part        DOUBLE   the headline of any answers is the sum of these over the sum of `whole`: twice the hits, and
--                                 entities of both sides, of F1
--            whole       DOUBLE
-- Reference: seqeval.metrics.f1_score
SELECT
    h.trial_no, h.split, h.example_id,
    internal.tag_part(k.metric, h.found)::DOUBLE AS part,
    internal.tag_whole(k.metric, h.found)::DOUBLE AS whole
FROM internal.tag_hits AS h
JOIN internal.trial AS t USING (trial_no)
JOIN internal.task AS k USING (task_no)
