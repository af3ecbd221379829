-- Title:     The headline metric of every single-label trial, by number
-- Grain:     one row per (trial, split)
-- Needs:     task, trial, label_rows, example, sliced
-- Columns:   trial_no  INTEGER
--            cell_no   INTEGER
--            split     VARCHAR
--            value     DOUBLE   accuracy, or what the task's metrics say
-- Reference: Tropeano et al. 2025, section 3; scikit-learn's f1_score and matthews_corrcoef
WITH counts AS (
    SELECT t.trial_no, t.cell_no, t.task_no, r.split, r.label AS answer, e.label AS gold, count(*) AS examples
    FROM internal.label_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.task AS k USING (task_no)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(t.task_no, r.split, r.example_id)
    WHERE k.metric NOT IN ('accuracy', 'accuracy-by-part') AND e.label IS NOT NULL
    GROUP BY ALL
),
by_class AS (
    SELECT
        trial_no, cell_no, task_no, split,
        unnest([gold, answer]) AS class_index,
        unnest([examples, 0]) AS truth,
        unnest([0, examples]) AS said,
        unnest([if(gold = answer, examples, 0), 0]) AS hits
    FROM counts
),
marginals AS (
    SELECT trial_no, cell_no, task_no, split, class_index, sum(truth) AS truth, sum(said) AS said, sum(hits) AS hits
    FROM by_class
    GROUP BY ALL
)
SELECT
    m.trial_no, m.cell_no, m.split,
    internal.class_score(k.metric, k.metric_class, k.class_count, m.class_index, m.said, m.truth, m.hits) AS value
FROM marginals AS m
JOIN internal.task AS k USING (task_no)
GROUP BY m.trial_no, m.cell_no, m.split, k.metric, k.metric_class, k.class_count
UNION ALL
-- The paper's, without a count of every class.
SELECT t.trial_no, t.cell_no, r.split, avg((r.label = e.label)::INTEGER) AS value
FROM internal.label_rows AS r
JOIN internal.trial AS t USING (trial_id)
JOIN internal.task AS k USING (task_no)
JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(t.task_no, r.split, r.example_id)
WHERE k.metric = 'accuracy'
GROUP BY ALL
UNION ALL
-- Of the parts of a split each, and their mean.
SELECT trial_no, cell_no, split, avg(value ORDER BY part) AS value
FROM (
    SELECT t.trial_no, t.cell_no, r.split, p.value AS part, avg((r.label = e.label)::INTEGER) AS value
    FROM internal.label_rows AS r
    JOIN internal.trial AS t USING (trial_id)
    JOIN internal.task AS k USING (task_no)
    JOIN internal.example AS e ON internal.place(e.task_no, e.split, e.example_id) = internal.place(t.task_no, r.split, r.example_id)
    JOIN internal.sliced AS p ON internal.place(p.task_no, p.split, p.example_id) = internal.place(t.task_no, r.split, r.example_id)
    WHERE k.metric = 'accuracy-by-part' AND p.feature = 'part'
    GROUP BY ALL
)
GROUP BY ALL
