-- Title:     Votes of kinds of answer with a code for each of several places, such as a tag for each word
-- Grain:     one row per (cell, split, example) that at least one seed of the cell predicts
-- Needs:     kept_votes, places_uncounted
-- Columns:   cell_no     INTEGER
--            is_dense    BOOLEAN     a column here so that a filter on it reaches the files
--            answer      VARCHAR     the column of the kind's answers
--            split       VARCHAR
--            example_id  INTEGER
--            vote        SMALLINT[]  of every place the code that most seeds give it, ties to the lowest
--            votes       INTEGER[]   seeds that give it
-- Reference: none; the vote of single-label tasks, place by place
WITH places AS (
    SELECT cell_no, is_dense, answer, split, example_id, unnest(codes) AS code, generate_subscripts(codes, 1) AS place
    FROM internal.places_uncounted
),
counts AS (
    SELECT cell_no, is_dense, answer, split, example_id, place, count(*) * 32768 + 32767 - code AS counted
    FROM places
    GROUP BY cell_no, is_dense, answer, split, example_id, place, code
),
-- One number that is largest for the most votes and, among equals, for the lowest code.
chosen AS (
    SELECT cell_no, is_dense, answer, split, example_id, place, max(counted) AS counted FROM counts GROUP BY ALL
)
SELECT cell_no, is_dense, answer, split, example_id, vote_set AS vote, vote_set_votes AS votes
FROM internal.kept_votes
WHERE is_by_place
UNION ALL
SELECT
    cell_no, is_dense, answer, split, example_id,
    list((32767 - counted % 32768)::SMALLINT ORDER BY place) AS vote,
    list((counted // 32768)::INTEGER ORDER BY place) AS votes
FROM chosen
GROUP BY ALL
