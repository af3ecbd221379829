-- Title:     Recall balance of every class
-- Grain:     one row per (trial, split, class) of tasks with one class an example: every class, whether it occurs or not
-- Needs:     task, trial, class_balances
-- Columns:   task                  VARCHAR
--            split                 VARCHAR
--            model                 VARCHAR
--            method                VARCHAR   dense for the unpruned model
--            sparsity              DOUBLE
--            seed                  BIGINT
--            class_index           INTEGER
--            class                 VARCHAR
--            support               BIGINT    answered examples of the class
--            recall                DOUBLE
--            accuracy              DOUBLE    of the trial: right answers / examples, not the mean of recalls
--            balance               DOUBLE    recall - accuracy; times support, it adds up to 0 over the classes
--            normalised            DOUBLE    balance / accuracy
--            macro_normalised      DOUBLE    the same with the mean of recalls for the accuracy: adds up to 0 over the
--                                  classes however many examples they have
--            precision_balance     DOUBLE    precision - accuracy; null where the class is never predicted
--            precision_normalised  DOUBLE
--            f1_balance            DOUBLE    F1 - accuracy
--            f1_normalised         DOUBLE
--            note                  VARCHAR   why a number is null
-- Reference: Good et al. 2022, section 4
-- Example:   SELECT method, sparsity, class, avg(normalised) AS balance FROM recall_balance GROUP BY ALL ORDER BY ALL
SELECT
    t.task, b.split, t.model, t.method, t.sparsity, t.seed,
    b.class_index::INTEGER AS class_index,
    k.classes[b.class_index + 1] AS class,
    b.support, b.recall, b.accuracy,
    b.recall - b.accuracy AS balance,
    b.normalised, b.macro_normalised,
    b.precision - b.accuracy AS precision_balance,
    b.precision_normalised,
    b.f1 - b.accuracy AS f1_balance,
    b.f1_normalised,
    CASE
        WHEN b.support = 0 THEN 'the class has no examples'
        WHEN b.accuracy = 0 THEN 'no answer is right, and nothing is divided by 0'
        WHEN b.precision IS NULL THEN 'the class is never predicted, and has no precision'
    END AS note
FROM internal.class_balances AS b
JOIN internal.trial AS t USING (trial_no)
JOIN internal.task AS k USING (task_no)
