-- Title:     Recall, precision and F1 of every class beside the accuracy, by number of the trial
-- Grain:     one row per (trial of a task with one class an example, split, class): every class, whether it occurs or not
-- Needs:     task, trial, answer_counts
-- Columns:   trial_no              INTEGER
--            split                 VARCHAR
--            class_index           SMALLINT
--            support               BIGINT
--            recall                DOUBLE    this and all below are null where the class has no examples
--            precision             DOUBLE    null where it is never predicted, too
--            f1                    DOUBLE
--            accuracy              DOUBLE    of the trial on the split: right answers / examples, not the mean of recalls
--            macro_recall          DOUBLE    mean recall of the classes that have examples
--            normalised            DOUBLE    (recall - accuracy) / accuracy; null where that is 0
--            macro_normalised      DOUBLE    (recall - macro_recall) / macro_recall
--            precision_normalised  DOUBLE    (precision - accuracy) / accuracy
--            f1_normalised         DOUBLE    (f1 - accuracy) / accuracy
-- Reference: Good et al. 2022, section 4
WITH parts AS (
    SELECT
        trial_no, split,
        unnest([gold, said]) AS class_index,
        unnest([examples, 0]) AS support,
        unnest([0, examples]) AS predicted,
        unnest([if(gold = said, examples, 0), 0]) AS hits
    FROM internal.answer_counts
),
known AS (
    SELECT trial_no, split, class_index, sum(support) AS support, sum(predicted) AS predicted, sum(hits) AS hits
    FROM parts
    GROUP BY ALL
),
tallies AS (
    SELECT
        trial_no, split,
        map(list(class_index), list({'support': support, 'predicted': predicted, 'hits': hits})) AS counted,
        sum(hits) / sum(support) AS accuracy,
        avg(hits / support ORDER BY class_index) FILTER (support > 0) AS macro_recall
    FROM known
    GROUP BY ALL
),
wanted AS (
    SELECT n.*, unnest(range(k.class_count))::SMALLINT AS class_index
    FROM tallies AS n
    JOIN internal.trial AS t USING (trial_no)
    JOIN internal.task AS k USING (task_no)
),
numbers AS (
    SELECT
        * EXCLUDE (counted),
        coalesce(counted[class_index].support, 0)::BIGINT AS support,
        counted[class_index].predicted AS predicted,
        counted[class_index].hits AS hits
    FROM wanted
)
SELECT
    trial_no, split, class_index, support,
    hits / nullif(support, 0) AS recall,
    if(support > 0, hits / nullif(predicted, 0), NULL) AS precision,
    if(support > 0, 2 * hits / (support + predicted), NULL) AS f1,
    accuracy, macro_recall,
    (recall - accuracy) / nullif(accuracy, 0) AS normalised,
    (recall - macro_recall) / nullif(macro_recall, 0) AS macro_normalised,
    (precision - accuracy) / nullif(accuracy, 0) AS precision_normalised,
    (f1 - accuracy) / nullif(accuracy, 0) AS f1_normalised
FROM numbers
