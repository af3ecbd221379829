-- Title:     Flips
-- Grain:     one row per (task, split, model, method, sparsity, seed) of a pruned trial whose dense trial has committed
-- Needs:     trial, twin_answers
-- Columns:   task                  VARCHAR
--            split                 VARCHAR
--            model                 VARCHAR
--            method                VARCHAR
--            sparsity              DOUBLE
--            seed                  BIGINT
--            examples              BIGINT    answered by both
--            flips                 BIGINT    one of both answers is right: correct_to_incorrect + incorrect_to_correct
--            all_flips             BIGINT    the answers differ; of multi-label tasks: the label sets do; of tagging
--                                             tasks: the tags of any word do; of span tasks: they begin or end elsewhere
--            correct_to_incorrect  BIGINT    a label set is correct if it is the gold one, tags if all are, a span by SQuAD's exact match
--            incorrect_to_correct  BIGINT
--            rate                  DOUBLE    flips / examples
--            all_rate              DOUBLE    all_flips / examples
-- Reference: Dutta et al. 2024, Accuracy is not all you need (arXiv:2407.09141), flips and all flips
-- Example:   SELECT task, split, model, method, sparsity, avg(rate) AS flips FROM flips GROUP BY ALL ORDER BY ALL
WITH counted AS (
    SELECT
        trial_no, split,
        count(*) AS examples,
        count(*) FILTER (differ) AS all_flips,
        count(*) FILTER (right_before AND NOT right_now) AS correct_to_incorrect,
        count(*) FILTER (right_now AND NOT right_before) AS incorrect_to_correct
    FROM internal.twin_answers
    GROUP BY ALL
)
SELECT
    t.task, n.split, t.model, t.method, t.sparsity, t.seed, n.examples,
    n.correct_to_incorrect + n.incorrect_to_correct AS flips,
    n.all_flips, n.correct_to_incorrect, n.incorrect_to_correct,
    (n.correct_to_incorrect + n.incorrect_to_correct) / n.examples AS rate,
    n.all_flips / n.examples AS all_rate
FROM counted AS n
JOIN internal.trial AS t USING (trial_no)
