-- Title:     Examples
-- Grain:     one row per (task, split, example_id)
-- Needs:     task, example
-- Columns:   task        VARCHAR
--            split       VARCHAR
--            example_id  INTEGER    row number in the task's canonical split
--            label       VARCHAR    gold class; null for multi-label tasks
--            labels      VARCHAR[]  gold classes in index order; null for single-label tasks
--            text        VARCHAR    null for images
--            text_pair   VARCHAR    the second text of a pair
--            ...                    what else a task carries, such as the deviation of people's ratings; of a tagging task
--                        words and gold_tags (VARCHAR[]), of a span task gold_spans (characters of text_pair) and
--                        gold_answers (VARCHAR[]), of a generation task gold_texts (VARCHAR[])
-- Reference: none
-- Example:   SELECT task, split, label, count(*) AS examples FROM examples GROUP BY ALL ORDER BY ALL
SELECT
    k.task, e.split, e.example_id,
    k.classes[e.label + 1] AS label,
    list_transform(e.labels, lambda class_index: k.classes[class_index + 1]) AS labels,
    e.text, e.text_pair,
    e.* EXCLUDE (task_no, split, example_id, label, labels, text, text_pair)
FROM internal.example AS e
JOIN internal.task AS k USING (task_no)
