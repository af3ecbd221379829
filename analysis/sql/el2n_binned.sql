-- Title:     EL2N scores and their bins, by number of the dense cell
-- Grain:     one row per (dense cell, split, example_id), where the study recorded them
-- Needs:     el2n_scores
-- Columns:   cell_no     INTEGER
--            split       VARCHAR
--            example_id  INTEGER
--            el2n        DOUBLE    mean over the dense seeds
--            seeds       BIGINT    dense trials averaged
--            bin         UTINYINT  1 to 20, the most influential examples in the last: bin k holds the scores above the
--                        percentile 5 (k - 1) up to the percentile 5 k, equal scores always in one bin, the lower one
-- Reference: Tropeano et al. 2025, section 4.2; percentiles interpolate linearly, as in numpy
WITH edges AS (
    SELECT
        cell_no, split,
        quantile_cont(el2n, [
            0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50,
            0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95
        ]) AS edges
    FROM internal.el2n_scores
    GROUP BY ALL
)
SELECT s.*, (1 + len(list_filter(e.edges, lambda edge: edge < s.el2n)))::UTINYINT AS bin
FROM internal.el2n_scores AS s
JOIN edges AS e USING (cell_no, split)
