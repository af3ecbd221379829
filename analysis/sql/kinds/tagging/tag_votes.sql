-- Title:     Votes of tagging tasks, as class indices
-- Grain:     one row per (cell, split, example) that at least one seed of the cell predicts
-- Needs:     kept_votes, tags_uncounted
-- Columns:   cell_no     INTEGER
--            is_dense    BOOLEAN     a column here so that a filter on it reaches the files
--            split       VARCHAR
--            example_id  INTEGER
--            vote        SMALLINT[]  of every word the tag that most seeds give it, ties to the lowest index
--            votes       INTEGER[]   seeds that give it
-- Reference: none; the vote of single-label tasks, word by word
WITH words AS (
    SELECT cell_no, is_dense, split, example_id, unnest(tags) AS tag, generate_subscripts(tags, 1) AS word
    FROM internal.tags_uncounted
),
counts AS (
    SELECT cell_no, is_dense, split, example_id, word, count(*) * 32768 + 32767 - tag AS counted
    FROM words
    GROUP BY cell_no, is_dense, split, example_id, word, tag
),
-- One number that is largest for the most votes and, among equals, for the lowest tag.
chosen AS (
    SELECT cell_no, is_dense, split, example_id, word, max(counted) AS counted FROM counts GROUP BY ALL
)
SELECT cell_no, is_dense, split, example_id, vote_set AS vote, vote_set_votes AS votes
FROM internal.kept_votes
WHERE answer = 'tags'
UNION ALL
SELECT
    cell_no, is_dense, split, example_id,
    list((32767 - counted % 32768)::SMALLINT ORDER BY word) AS vote,
    list((counted // 32768)::INTEGER ORDER BY word) AS votes
FROM chosen
GROUP BY ALL
