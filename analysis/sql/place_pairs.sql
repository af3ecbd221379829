-- Title:     Pruned and dense votes side by side, of kinds of answer with a code for each of several places
-- Grain:     one row per (pruned cell, split, example) that at least one seed of the pruned cell predicts
-- Needs:     cell, place_votes
-- Columns:   answer       VARCHAR   the column of the kind's answers
--            cell_no      INTEGER   the pruned cell
--            split        VARCHAR
--            example_id   INTEGER
--            dense_vote   SMALLINT or SMALLINT[]  null where no dense seed predicts the example
--            pruned_vote  SMALLINT or SMALLINT[]
--            is_pie       BOOLEAN   the votes of any place differ; null where there is no dense vote to differ from
-- Reference: Hooker et al. 2019 (arXiv:1911.05248), section 3; Tropeano et al. 2025, section 2
SELECT
    p.answer, p.cell_no, p.split, p.example_id,
    internal.vote_of_many(d.vote) AS dense_vote,
    internal.vote_of_many(p.vote) AS pruned_vote,
    p.vote <> d.vote AS is_pie
FROM (SELECT * FROM internal.place_votes WHERE NOT is_dense) AS p
JOIN internal.cell AS c USING (cell_no)
LEFT JOIN (SELECT * FROM internal.place_votes WHERE is_dense) AS d
    ON d.cell_no = c.dense_cell_no AND d.answer = p.answer AND d.split = p.split AND d.example_id = p.example_id
