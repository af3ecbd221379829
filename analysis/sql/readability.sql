-- Title:     Readability
-- Grain:     one row per (task, split, example_id) whose text was scored (piesweep readability, piesweep report)
-- Needs:     task, readability_rows
-- Columns:   task                          VARCHAR
--            split                         VARCHAR
--            example_id                    INTEGER
--            automated_readability_index   DOUBLE    in school grades, as the next five: higher is harder; below 0 for
--                                          very short texts, 0 for a text without words. A pair is scored as one text,
--                                          its parts joined by a space
--            coleman_liau_index            DOUBLE    in school grades
--            flesch_kincaid_grade          DOUBLE    in school grades
--            linsear_write_formula         DOUBLE    in school grades, of the first 100 words
--            gunning_fog                   DOUBLE    in school grades
--            dale_chall_readability_score  DOUBLE    in school grades
--            difficult_words               INTEGER   distinct words off the Dale-Chall list, of two syllables or more
--            tokens                        INTEGER   by torchtext's basic_english; a pair counts its separator
-- Reference: textstat's functions of these names; Tropeano et al. 2025, section 4.3
-- Example:   SELECT task, split, avg(flesch_kincaid_grade) AS grade, avg(tokens) AS tokens FROM readability GROUP BY ALL
SELECT
    k.task, r.split, r.example_id,
    r.automated_readability_index, r.coleman_liau_index, r.flesch_kincaid_grade, r.linsear_write_formula,
    r.gunning_fog, r.dale_chall_readability_score, r.difficult_words, r.tokens
FROM internal.readability_rows AS r
JOIN internal.task AS k USING (task_no)
