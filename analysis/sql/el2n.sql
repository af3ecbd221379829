-- Title:     EL2N scores
-- Grain:     one row per (task, model, split, example_id), where the study recorded them
-- Needs:     trial, el2n_rows
-- Columns:   task        VARCHAR
--            model       VARCHAR
--            split       VARCHAR
--            example_id  INTEGER
--            el2n        DOUBLE    mean over the dense seeds of the norm of (probabilities - gold), early in training
--            seeds       BIGINT    dense trials averaged
-- Reference: Paul et al. 2021 (arXiv:2107.07075), definition 2.2
SELECT t.task, t.model, r.split, r.example_id, avg(r.el2n::DOUBLE) AS el2n, count(*) AS seeds
FROM internal.el2n_rows AS r
JOIN internal.trial AS t USING (trial_id)
WHERE r.el2n IS NOT NULL
GROUP BY ALL
