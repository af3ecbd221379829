-- Title:     EL2N scores
-- Grain:     one row per (task, model, split, example_id), where the study recorded them
-- Needs:     cell, el2n_binned
-- Columns:   task        VARCHAR
--            model       VARCHAR
--            split       VARCHAR
--            example_id  INTEGER
--            el2n        DOUBLE    mean over the dense seeds of the norm of (probabilities - gold), early in training
--            seeds       BIGINT    dense trials averaged
--            bin         INTEGER   1 to 20, the most influential examples in the last: bin k holds the scores above the
--                        percentile 5 (k - 1) up to the percentile 5 k, equal scores always in one bin, the lower one
-- Reference: Paul et al. 2021 (arXiv:2107.07075), definition 2.2; Tropeano et al. 2025, section 4.2, for the bins
-- Example:   SELECT task, model, example_id, el2n FROM el2n WHERE bin = 20 ORDER BY el2n DESC LIMIT 10
SELECT c.task, c.model, s.split, s.example_id, s.el2n, s.seeds, s.bin::INTEGER AS bin
FROM internal.el2n_binned AS s
JOIN internal.cell AS c USING (cell_no)
