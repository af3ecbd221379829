-- Title:     Recall distortion
-- Grain:     one row per (trial, split) of every trial but the dense ones, of tasks with one class an example
-- Needs:     trial, dense_origins, balance_pairs
-- Columns:   task             VARCHAR
--            split            VARCHAR
--            model            VARCHAR
--            method           VARCHAR
--            sparsity         DOUBLE
--            seed             BIGINT
--            trial_id         VARCHAR
--            parent_id        VARCHAR   the dense trial that it goes on from, and is compared with; with no other
--            classes          BIGINT    that have examples
--            is_balanced      BOOLEAN   these have equally many
--            accuracy         DOUBLE
--            dense_accuracy   DOUBLE    of the parent
--            alpha            DOUBLE    slope through the origin of normalised recall balances after on before pruning:
--                             sum (before after) / sum (before^2) over the classes; above 1 intensifies. It lies below 1
--                             where nothing is pruned, too: a cell is to be compared with a reference that only trains on
--            alpha_macro      DOUBLE    the same with the mean of recalls for the accuracy
--            alpha_precision  DOUBLE    the same of precisions
--            alpha_f1         DOUBLE    the same of F1
--            length_ratio     DOUBLE    root of sum (after^2) / sum (before^2): how much larger balances are, whichever class
--                             has them
--            odds_ratio       DOUBLE    odds of an error after / before pruning: alpha, where the errors of all classes grow
--                             alike
--            note             VARCHAR   why a number is null
-- Reference: Good et al. 2022, section 5
-- Example:   SELECT model, method, sparsity, avg(alpha) AS alpha, count(alpha) AS n FROM recall_distortion GROUP BY ALL
WITH slopes AS (
    SELECT
        trial_no, split,
        any_value(accuracy) AS accuracy,
        any_value(dense_accuracy) AS dense_accuracy,
        count(*) FILTER (support > 0) AS classes,
        min(support) FILTER (support > 0) = max(support) AS is_balanced,
        bool_and(support = dense_support) AS is_same,
        max(dense_recall) = min(dense_recall) AS is_even,
        count(*) FILTER (support > 0) = count(dense_precision_normalised * precision_normalised) AS is_predicted,
        sum(dense_normalised * normalised ORDER BY class_index) AS shared,
        sum(dense_normalised * dense_normalised ORDER BY class_index) AS before,
        sum(normalised * normalised ORDER BY class_index) AS after,
        sum(dense_macro_normalised * macro_normalised ORDER BY class_index)
        / nullif(sum(dense_macro_normalised * dense_macro_normalised ORDER BY class_index), 0) AS macro,
        sum(dense_precision_normalised * precision_normalised ORDER BY class_index)
        / nullif(sum(dense_precision_normalised * dense_precision_normalised ORDER BY class_index), 0) AS of_precision,
        sum(dense_f1_normalised * f1_normalised ORDER BY class_index)
        / nullif(sum(dense_f1_normalised * dense_f1_normalised ORDER BY class_index), 0) AS of_f1
    FROM internal.balance_pairs
    GROUP BY ALL
)
SELECT
    t.task, s.split, t.model, t.method, t.sparsity, t.seed, t.trial_id, o.dense_id AS parent_id, s.classes, s.is_balanced,
    s.accuracy, s.dense_accuracy,
    if(s.is_same, s.shared / nullif(s.before, 0), NULL) AS alpha,
    -- A mean of equal recalls may differ from them in the last digit, and nothing is divided by that.
    if(s.is_same AND NOT s.is_even, s.macro, NULL) AS alpha_macro,
    if(s.is_same AND s.is_predicted, s.of_precision, NULL) AS alpha_precision,
    if(s.is_same, s.of_f1, NULL) AS alpha_f1,
    if(s.is_same, sqrt(s.after / nullif(s.before, 0)), NULL) AS length_ratio,
    if(
        s.is_same,
        (1 - s.accuracy) / nullif(s.accuracy, 0) / nullif((1 - s.dense_accuracy) / nullif(s.dense_accuracy, 0), 0),
        NULL
    ) AS odds_ratio,
    CASE
        WHEN o.dense_id IS NULL THEN 'no parent: it does not go on from a dense trial'
        WHEN o.dense_no IS NULL THEN 'its parent is not in the store'
        WHEN s.is_same IS NULL THEN 'its parent has no answers on this split'
        WHEN NOT s.is_same THEN 'its parent answered other examples'
        WHEN s.dense_accuracy = 0 THEN 'no answer of its parent is right'
        WHEN s.accuracy = 0 THEN 'no answer is right'
        WHEN s.before = 0 THEN 'all classes have equal recall before pruning'
        WHEN s.dense_accuracy = 1 THEN 'no odds ratio: its parent makes no error'
        WHEN NOT s.is_predicted THEN 'no alpha_precision: a class is never predicted'
    END AS note
FROM slopes AS s
JOIN internal.trial AS t USING (trial_no)
LEFT JOIN internal.dense_origins AS o USING (trial_no)
