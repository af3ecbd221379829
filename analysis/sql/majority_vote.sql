-- Title:     Majority vote
-- Grain:     one row per (task, split, model, method, sparsity, example_id) that at least one seed predicts
-- Needs:     task, cell, cell_split, votes
-- Columns:   task        VARCHAR
--            split       VARCHAR
--            model       VARCHAR
--            method      VARCHAR   dense for the unpruned model
--            sparsity    DOUBLE
--            example_id  INTEGER
--            vote        VARCHAR or VARCHAR[]    single-label: the class most seeds predict, ties to the lowest index;
--                        multi-label: every class with more than N/2 votes, N the committed seeds of the cell;
--                        tagging: of every word the tag that most seeds give it, ties to the lowest index.
--                        span: the character at which most seeds have the answer begin, and that at which most have it end,
--                        ties to the lowest.
--                        A list for every task, of one name where single-label, if any task of the store is multi-label or
--                        tagging, or span
--            votes       INTEGER or INTEGER[]    seeds that predict the class, or each class of the list, or each word's tag, or begin and end there
--            seeds       INTEGER   committed seeds of the cell
-- Reference: Tropeano et al. 2025, section 2 and footnote 2
-- Example:   SELECT task, model, method, sparsity, vote, votes, seeds FROM majority_vote WHERE example_id = 7
SELECT
    c.task, v.split, c.model, c.method, c.sparsity, v.example_id,
    internal.named(k.classes, v.vote) AS vote,
    v.votes,
    s.seeds
FROM internal.votes AS v
JOIN internal.cell AS c USING (cell_no)
JOIN internal.cell_split AS s USING (cell_no, split)
JOIN internal.task AS k USING (task_no)
