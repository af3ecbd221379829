-- Title:     The columns of answers, in one order and of one type each, whichever kinds of answer a store has
-- Grain:     no row
-- Needs:     nothing
-- Columns:   as the view predictions; whatever else a kind's own answers have comes after these, where a store has it
-- Reference: none
SELECT
    NULL::VARCHAR AS trial_id, NULL::VARCHAR AS split, NULL::INTEGER AS example_id, NULL::VARCHAR AS label,
    NULL::VARCHAR[] AS labels, NULL::FLOAT[] AS probabilities,
    internal.named(NULL::VARCHAR[], internal.vote_of_one(NULL::SMALLINT)) AS gold,
    NULL::BOOLEAN AS correct, NULL::DOUBLE AS quality, NULL::FLOAT AS value, NULL::FLOAT AS gold_value,
    NULL::VARCHAR[] AS tags, NULL::SMALLINT[] AS span, NULL::VARCHAR AS answer
WHERE false
UNION ALL BY NAME
