-- Title:     EL2N scores
-- Grain:     one row per (task, model, split, example_id), where the study recorded them
-- Needs:     cell, el2n_scores
-- Columns:   task        VARCHAR
--            model       VARCHAR
--            split       VARCHAR
--            example_id  INTEGER
--            el2n        DOUBLE    mean over the dense seeds of the norm of (probabilities - gold), early in training
--            seeds       BIGINT    dense trials averaged
-- Reference: Paul et al. 2021 (arXiv:2107.07075), definition 2.2
SELECT c.task, c.model, s.split, s.example_id, s.el2n, s.seeds
FROM internal.el2n_scores AS s
JOIN internal.cell AS c USING (cell_no)
