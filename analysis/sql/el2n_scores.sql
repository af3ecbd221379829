-- Title:     EL2N scores, by number of the dense cell
-- Grain:     one row per (dense cell, split, example_id), where the study recorded them
-- Needs:     kept_votes, el2n_uncounted
-- Columns:   cell_no     INTEGER
--            split       VARCHAR
--            example_id  INTEGER
--            el2n        DOUBLE    mean over the dense seeds
--            seeds       BIGINT    dense trials averaged
-- Reference: Paul et al. 2021 (arXiv:2107.07075), definition 2.2
SELECT cell_no, split, example_id, el2n, el2n_seeds::BIGINT AS seeds
FROM internal.kept_votes
WHERE is_dense AND el2n_seeds IS NOT NULL
UNION ALL
SELECT cell_no, split, example_id, avg(el2n::DOUBLE) AS el2n, count(*) AS seeds
FROM internal.el2n_uncounted
WHERE el2n IS NOT NULL
GROUP BY ALL
