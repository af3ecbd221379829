-- Title:     Pairs of examples that declared hypotheses compare
-- Grain:     one row per (family_no, comparison_no) of families tested over examples
-- Needs:     hypothesis, comparison, cell, votes, pairs, gold_votes
-- Columns:   family_no      INTEGER   as in the view hypotheses
--            comparison_no  INTEGER
--            task           VARCHAR
--            split          VARCHAR
--            examples       BIGINT    answered in both cells; the answer is whether the majority vote is right (of a span, whether
--                           both ends are those of a gold answer), or, for the PIE rate, whether the example is a PIE
--            yes_yes        BIGINT    of these, a yes in both cells
--            yes_no         BIGINT    a yes in the cell alone
--            no_yes         BIGINT    a yes in the other cell alone
--            unpaired       BIGINT    examples that one of the cells alone answered
-- Reference: McNemar 1947
-- Example:   FROM example_pairs ORDER BY family_no, comparison_no
WITH chosen AS (
    SELECT h.family_no, c.comparison_no, c.task, h.split, h.compare, one.cell_no, other.cell_no AS other_cell_no
    FROM internal.hypothesis AS h
    JOIN internal.comparison AS c USING (family_no)
    JOIN internal.cell AS one USING (task, model, method, sparsity)
    JOIN internal.cell AS other
        ON other.task = c.other_task AND other.model = c.other_model AND other.method = c.other_method
        AND other.sparsity = c.other_sparsity
    WHERE h.test = 'mcnemar'
),
asked AS (
    SELECT DISTINCT compare, split, unnest([cell_no, other_cell_no]) AS cell_no FROM chosen
),
answers AS (
    SELECT
        a.compare, a.cell_no, a.split, v.example_id,
        list_contains(g.votes, v.vote) AS yes
    FROM asked AS a
    JOIN internal.votes AS v USING (cell_no, split)
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.gold_votes AS g ON internal.place(g.task_no, g.split, g.example_id) = internal.place(c.task_no, v.split, v.example_id)
    WHERE a.compare = 'effectiveness'
    UNION ALL
    SELECT a.compare, a.cell_no, a.split, p.example_id, p.is_pie AS yes
    FROM asked AS a
    JOIN internal.pairs AS p USING (cell_no, split)
    WHERE a.compare = 'pie-rate' AND p.is_pie IS NOT NULL
),
sizes AS (
    SELECT compare, cell_no, split, count(*) AS examples FROM answers GROUP BY ALL
),
joined AS (
    SELECT
        c.family_no, c.comparison_no,
        count(*) AS examples,
        count(*) FILTER (one.yes AND other.yes) AS yes_yes,
        count(*) FILTER (one.yes AND NOT other.yes) AS yes_no,
        count(*) FILTER (other.yes AND NOT one.yes) AS no_yes
    FROM chosen AS c
    JOIN answers AS one ON one.compare = c.compare AND one.cell_no = c.cell_no AND one.split = c.split
    JOIN answers AS other
        ON other.compare = c.compare AND other.cell_no = c.other_cell_no AND other.split = c.split
        AND other.example_id = one.example_id
    GROUP BY ALL
)
SELECT
    c.family_no, c.comparison_no, c.task, c.split,
    coalesce(j.examples, 0) AS examples,
    coalesce(j.yes_yes, 0) AS yes_yes,
    coalesce(j.yes_no, 0) AS yes_no,
    coalesce(j.no_yes, 0) AS no_yes,
    coalesce(one.examples, 0) + coalesce(other.examples, 0) - 2 * coalesce(j.examples, 0) AS unpaired
FROM chosen AS c
LEFT JOIN joined AS j USING (family_no, comparison_no)
LEFT JOIN sizes AS one ON one.compare = c.compare AND one.cell_no = c.cell_no AND one.split = c.split
LEFT JOIN sizes AS other ON other.compare = c.compare AND other.cell_no = c.other_cell_no AND other.split = c.split
