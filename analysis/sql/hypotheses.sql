-- Title:     Declared hypotheses
-- Grain:     one row per (family_no, comparison_no): a comparison of a family that a study declared
-- Needs:     hypothesis, comparison, trial
-- Columns:   family_no       INTEGER    in the order in which families were first declared
--            comparison_no   INTEGER
--            family          VARCHAR    its name; one that was changed later is there in both wordings
--            study           VARCHAR
--            compare         VARCHAR    effectiveness, effectiveness-on-pies, pie-rate, alpha, alpha-star, recall-variance or
--                            worst-recall
--            test            VARCHAR    paired-t or bootstrap (pairs of seeds), swap (votes; the sides of seeds exchanged), or
--                            mcnemar (pairs of examples, for these very seeds), or welch-t (seeds that are no pairs)
--            alternative     VARCHAR    two-sided, less or greater: of the side against the other
--            correction      VARCHAR    bonferroni, holm or bh, over the family's comparisons
--            alpha           DOUBLE
--            status          VARCHAR    declared before data; declared after data, if a trial that it asks of had committed
--                            already; more seeds than declared, if seeds were added afterwards
--            withdrawn       BOOLEAN    a later run of the study no longer declared it, or worded it otherwise
--            declared_at     TIMESTAMP  UTC
--            task            VARCHAR
--            split           VARCHAR    the test split where the study records it
--            model           VARCHAR
--            method          VARCHAR
--            sparsity        DOUBLE
--            other_task      VARCHAR    the other side; null where a cell is compared with its dense cell, on PIEs
--            other_model     VARCHAR
--            other_method    VARCHAR
--            other_sparsity  DOUBLE
--            seeds           BIGINT[]   committed, ascending
--            other_seeds     BIGINT[]   committed on the other side
-- Reference: none
-- Example:   SELECT family, status, task, model, method, sparsity, other_method, len(seeds) AS seeds FROM hypotheses
WITH ran AS (
    SELECT task, model, method, sparsity, list(seed ORDER BY seed) AS seeds, min(committed_at) AS first_commit
    FROM internal.trial
    GROUP BY ALL
),
sides AS (
    SELECT
        h.*, c.* EXCLUDE (family_no),
        coalesce(one.seeds, []::BIGINT[]) AS seeds,
        coalesce(other.seeds, []::BIGINT[]) AS other_seeds,
        least(
            one.first_commit, other.first_commit, CASE WHEN h.compare <> 'effectiveness' THEN dense.first_commit END
        ) AS first_commit
    FROM internal.hypothesis AS h
    JOIN internal.comparison AS c USING (family_no)
    LEFT JOIN ran AS one USING (task, model, method, sparsity)
    LEFT JOIN ran AS other
        ON other.task = c.other_task AND other.model = c.other_model AND other.method = c.other_method
        AND other.sparsity = c.other_sparsity
    LEFT JOIN ran AS dense ON dense.task = c.task AND dense.model = c.model AND dense.method = 'dense'
),
families AS (
    SELECT
        family_no,
        min(first_commit) AS first_commit,
        bool_or(NOT list_has_all(declared_seeds, list_concat(seeds, other_seeds))) AS has_more_seeds
    FROM sides
    GROUP BY ALL
)
SELECT
    s.family_no, s.comparison_no, s.family, s.study, s.compare, s.test, s.alternative, s.correction, s.alpha,
    CASE
        WHEN f.first_commit < coalesce(s.declared_at, 'infinity'::TIMESTAMP) THEN 'declared after data'
        WHEN f.has_more_seeds THEN 'more seeds than declared'
        ELSE 'declared before data'
    END AS status,
    s.withdrawn, s.declared_at, s.task, s.split, s.model, s.method, s.sparsity, s.other_task, s.other_model, s.other_method, s.other_sparsity,
    s.seeds, s.other_seeds
FROM sides AS s
JOIN families AS f USING (family_no)
