-- Title:     Both sides' votes, on all examples and on PIEs
-- Grain:     one row per (pruned cell, split, example, side, subset), where both sides have voted
-- Needs:     cell, pairs
-- Columns:   cell_no        INTEGER   the pruned cell
--            split          VARCHAR
--            example_id     INTEGER
--            side           VARCHAR   pruned or dense
--            voter_cell_no  INTEGER   the cell whose seeds voted
--            vote           SMALLINT or SMALLINT[]
--            subset         VARCHAR   all, and pies too where the example is one
-- Reference: Tropeano et al. 2025, section 4.1
SELECT
    p.cell_no, p.split, p.example_id,
    unnest(['pruned', 'dense']) AS side,
    unnest([p.cell_no, c.dense_cell_no]) AS voter_cell_no,
    unnest([p.pruned_vote, p.dense_vote]) AS vote,
    s.subset
FROM internal.pairs AS p
JOIN internal.cell AS c USING (cell_no)
JOIN (VALUES ('all', false), ('pies', true)) AS s(subset, only_pies) ON p.is_pie OR (p.is_pie IS NOT NULL AND NOT s.only_pies)
