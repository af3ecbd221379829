-- Title:     Pruning-identified exemplars (PIEs)
-- Grain:     one row per (task, split, model, method, sparsity, example_id) of every pruned cell
-- Needs:     task, cell, pairs
-- Columns:   task         VARCHAR
--            split        VARCHAR
--            model        VARCHAR
--            method       VARCHAR
--            sparsity     DOUBLE
--            example_id   INTEGER
--            dense_vote   VARCHAR or VARCHAR[]  null where no dense seed predicts the example
--            pruned_vote  VARCHAR or VARCHAR[]  lists for every task, if any task of the store is multi-label
--                          or tagging: there a tag for every word; or span: there the characters of text_pair at which
--                          it begins and has ended
--            is_pie       BOOLEAN   the votes differ, of tags those of any word, of a span either; null where there is no dense vote
-- Reference: Hooker et al. 2019 (arXiv:1911.05248), section 3; Tropeano et al. 2025, section 2
-- Example:   SELECT task, split, model, example_id, count(*) AS cells FROM pies WHERE is_pie GROUP BY ALL ORDER BY cells DESC
SELECT
    c.task, p.split, c.model, c.method, c.sparsity, p.example_id,
    internal.named(k.classes, p.dense_vote) AS dense_vote,
    internal.named(k.classes, p.pruned_vote) AS pruned_vote,
    p.is_pie
FROM internal.pairs AS p
JOIN internal.cell AS c USING (cell_no)
JOIN internal.task AS k USING (task_no)
