-- Title:     Overlap of the PIEs of two cells
-- Grain:     one row per pair of pruned cells of a (task, split, model), each pair once
-- Needs:     cell, pairs
-- Columns:   task            VARCHAR
--            split           VARCHAR
--            model           VARCHAR
--            method          VARCHAR
--            sparsity        DOUBLE
--            other_method    VARCHAR   the other cell: another method, or the same at a higher sparsity
--            other_sparsity  DOUBLE
--            examples        BIGINT    examples that are compared in both cells; all counts are of these
--            pies            BIGINT    of the cell
--            other_pies      BIGINT    of the other cell
--            shared          BIGINT    PIEs of both cells
--            jaccard         DOUBLE    shared / PIEs of either; null where neither has any
--            chance_jaccard  DOUBLE    the mean of it where sets of these two sizes have nothing to do with each other (the
--                            number in both is hypergeometric). Seed noise alone makes more: examples near a boundary
--                            turn under every method, with dense models too
-- Reference: Jaccard 1901 (Bulletin de la Societe Vaudoise des Sciences Naturelles 37)
-- Example:   SELECT * FROM overlap WHERE sparsity = other_sparsity ORDER BY jaccard - chance_jaccard DESC
-- Cells that judge an example alike are few patterns, each counted once. A code is the number of a cell, doubled, and
-- one more where the example is a PIE of it.
WITH judged AS (
    SELECT c.task_no, c.model, p.split, p.example_id, list_sort(list(p.cell_no * 2 + p.is_pie::INTEGER)) AS codes
    FROM internal.pairs AS p
    JOIN internal.cell AS c USING (cell_no)
    WHERE p.is_pie IS NOT NULL
    GROUP BY ALL
),
patterns AS (
    SELECT split, codes, count(*) AS examples FROM judged GROUP BY ALL
),
opened AS (
    SELECT split, codes, examples, unnest(codes) AS one FROM patterns
),
paired AS (
    SELECT split, examples, one, unnest(list_filter(codes, lambda code: code // 2 > one // 2)) AS other FROM opened
),
counts AS (
    SELECT
        split,
        one // 2 AS cell_no,
        other // 2 AS other_cell_no,
        sum(examples)::BIGINT AS examples,
        coalesce(sum(examples) FILTER (one % 2 = 1), 0)::BIGINT AS pies,
        coalesce(sum(examples) FILTER (other % 2 = 1), 0)::BIGINT AS other_pies,
        coalesce(sum(examples) FILTER (one % 2 = 1 AND other % 2 = 1), 0)::BIGINT AS shared
    FROM paired
    GROUP BY ALL
),
-- Numbers in both by chance, within 40 deviations of their mean: beyond lies nothing that a double holds.
likely AS (
    SELECT
        *,
        pies * other_pies / examples AS mean,
        40 * sqrt(pies / examples * other_pies / examples * greatest(examples - pies, 1) / examples * greatest(examples - other_pies, 1)) + 40 AS reach
    FROM counts
),
weighed AS (
    SELECT
        *,
        list_transform(
            range(
                greatest(0, pies + other_pies - examples, floor(mean - reach)::BIGINT),
                least(pies, other_pies, ceil(mean + reach)::BIGINT) + 1
            ),
            lambda k: {
                'log': -lgamma(k + 1) - lgamma(pies - k + 1) - lgamma(other_pies - k + 1) - lgamma(examples - pies - other_pies + k + 1),
                'jaccard': k / (pies + other_pies - k)
            }
        ) AS chances
    FROM likely
),
scaled AS (
    SELECT
        *,
        list_max(list_transform(chances, lambda chance: chance.log)) AS largest
    FROM weighed
)
SELECT
    one.task, n.split, one.model, one.method, one.sparsity,
    other.method AS other_method,
    other.sparsity AS other_sparsity,
    n.examples, n.pies, n.other_pies, n.shared,
    n.shared / nullif(n.pies + n.other_pies - n.shared, 0) AS jaccard,
    if(
        n.pies + n.other_pies = 0,
        NULL,
        list_sum(list_transform(n.chances, lambda chance: chance.jaccard * exp(chance.log - n.largest)))
        / list_sum(list_transform(n.chances, lambda chance: exp(chance.log - n.largest)))
    ) AS chance_jaccard
FROM scaled AS n
JOIN internal.cell AS one USING (cell_no)
JOIN internal.cell AS other ON other.cell_no = n.other_cell_no
