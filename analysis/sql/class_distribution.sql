-- Title:     Classes of PIEs and of all examples
-- Grain:     one row per (task, split, model, method, sparsity, class) of every pruned cell
-- Needs:     task, cell, example, pairs
-- Columns:   task         VARCHAR
--            split        VARCHAR
--            model        VARCHAR
--            method       VARCHAR
--            sparsity     DOUBLE
--            class_index  INTEGER
--            class        VARCHAR
--            examples     BIGINT   examples of the gold class with a pruned and a dense vote
--            pies         BIGINT   PIEs among them
--            share        DOUBLE   of all such examples, those of the class: multi-label shares add up to more than 1
--            pie_share    DOUBLE   of all PIEs, those of the class; null without PIEs
--            rate         DOUBLE   pies / examples; null where the class has none
-- Reference: Tropeano et al. 2025, section 4.1, Figures 2 and 6
-- Example:   PIVOT class_distribution ON class USING any_value(rate) GROUP BY task, split, model, method, sparsity
-- The class -1 stands for "any, or none". What is grouped is never used twice, so that a condition on the split reaches the files.
WITH answers AS (
    SELECT p.cell_no, p.split, p.is_pie, unnest(list_append(coalesce(e.labels, [e.label]), -1)) AS class_index
    FROM internal.pairs AS p
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(c.task_no, p.split, p.example_id)
    WHERE p.is_pie IS NOT NULL AND (e.label IS NOT NULL OR e.labels IS NOT NULL)
),
counts AS (
    SELECT cell_no, split, class_index, count(*) AS examples, count(*) FILTER (is_pie) AS pies
    FROM answers
    GROUP BY ALL
),
tallies AS (
    SELECT cell_no, split, map(list(class_index), list(examples)) AS examples, map(list(class_index), list(pies)) AS pies
    FROM counts
    GROUP BY ALL
),
-- Every class, so that one without examples is a 0 and not a gap.
wanted AS (
    SELECT t.*, c.task, c.model, c.method, c.sparsity, k.classes, unnest(range(k.class_count)) AS class_index
    FROM tallies AS t
    JOIN internal.cell AS c USING (cell_no)
    JOIN internal.task AS k USING (task_no)
)
SELECT
    task, split, model, method, sparsity,
    class_index::INTEGER AS class_index,
    classes[class_index + 1] AS class,
    coalesce(w.examples[class_index::SMALLINT], 0) AS examples,
    coalesce(w.pies[class_index::SMALLINT], 0) AS pies,
    coalesce(w.examples[class_index::SMALLINT], 0) / w.examples[-1] AS share,
    coalesce(w.pies[class_index::SMALLINT], 0) / nullif(w.pies[-1], 0) AS pie_share,
    w.pies[class_index::SMALLINT] / w.examples[class_index::SMALLINT] AS rate
FROM wanted AS w
