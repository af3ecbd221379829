-- Title:     Slices: the examples by the columns that their data brought along
-- Grain:     one row per (task, split, example_id, feature), and value where an example has several labels
-- Needs:     task, sliced
-- Columns:   task        VARCHAR
--            split       VARCHAR
--            example_id  INTEGER
--            feature     VARCHAR  a column of the view examples: the data's own (group, source, length, ...), or the gold
--                        label. Only one that has at most 20 different values in the split, or numbers: these fall into
--                        five bins between their quintiles where there are more, equal numbers always in one bin. Whole
--                        numbers of which each example has its own are ids, and no slice
--            value       VARCHAR  what the example has there, or the lowest and the highest number of its bin; null for
--                        an example that has nothing, in a column where others have something
--            place       DOUBLE   sorts the values of a column of numbers; null in other columns
-- Reference: none
-- Example:   SELECT task, split, feature, value, count(*) AS examples FROM slices GROUP BY ALL ORDER BY ALL
WITH facts AS (
    SELECT
        task_no, split, feature,
        count(DISTINCT value) AS different,
        count(number) > 0 AND NOT (bool_and(number = floor(number)) AND count(DISTINCT value) = count(value)) AS is_number,
        quantile_cont(number, [0.2, 0.4, 0.6, 0.8]) AS edges
    FROM internal.sliced
    GROUP BY ALL
    HAVING count(value) > 0
),
binned AS (
    SELECT
        s.*, f.different,
        if(f.different > 20 AND s.number IS NOT NULL, len(list_filter(f.edges, lambda edge: edge < s.number)), NULL) AS bin
    FROM internal.sliced AS s
    JOIN facts AS f USING (task_no, split, feature)
    WHERE f.different <= 20 OR f.is_number
)
SELECT
    k.task, b.split, b.example_id, b.feature,
    if(
        b.different <= 20 OR b.number IS NULL,
        b.value,
        arg_min(b.value, b.number) OVER members || ' to ' || arg_max(b.value, b.number) OVER members
    ) AS value,
    if(b.different <= 20, b.number, min(b.number) OVER members) AS place
FROM binned AS b
JOIN internal.task AS k USING (task_no)
WINDOW members AS (PARTITION BY b.task_no, b.split, b.feature, b.bin)
