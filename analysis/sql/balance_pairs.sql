-- Title:     The balance of every class of a pruned trial beside that of the dense trial that it goes on from
-- Grain:     one row per (trial, split, class) of every trial but the dense ones, of tasks with one class an example
-- Needs:     trial, dense_origins, class_balances
-- Columns:   trial_no                    INTEGER
--            split                       VARCHAR
--            class_index                 SMALLINT
--            support                     BIGINT
--            dense_support               BIGINT   of the parent; another number where the two answered other examples, and
--                                        null, as all of the parent, where the store has no such answers
--            recall                      DOUBLE   this and what follows as class_balances has it
--            dense_recall                DOUBLE
--            accuracy                    DOUBLE
--            dense_accuracy              DOUBLE
--            normalised                  DOUBLE
--            dense_normalised            DOUBLE
--            macro_normalised            DOUBLE
--            dense_macro_normalised      DOUBLE
--            precision_normalised        DOUBLE
--            dense_precision_normalised  DOUBLE
--            f1_normalised               DOUBLE
--            dense_f1_normalised         DOUBLE
-- Reference: Good et al. 2022, section 5
WITH balances AS (FROM internal.class_balances)
SELECT
    t.trial_no, p.split, p.class_index, p.support, d.support AS dense_support, p.recall, d.recall AS dense_recall,
    p.accuracy, d.accuracy AS dense_accuracy,
    p.normalised, d.normalised AS dense_normalised,
    p.macro_normalised, d.macro_normalised AS dense_macro_normalised,
    p.precision_normalised, d.precision_normalised AS dense_precision_normalised,
    p.f1_normalised, d.f1_normalised AS dense_f1_normalised
FROM internal.trial AS t
JOIN balances AS p USING (trial_no)
-- By its id: a dense trial of the same seed that it does not go on from is another network.
LEFT JOIN internal.dense_origins AS o USING (trial_no)
LEFT JOIN balances AS d ON d.trial_no = o.dense_no AND d.split = p.split AND d.class_index = p.class_index
WHERE NOT t.is_dense
