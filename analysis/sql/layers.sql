-- Title:     Layers
-- Grain:     one row per (trial_id, layer), of trials that kept what their layers look like
-- Needs:     trial, layers_rows
-- Columns:   trial_id       VARCHAR
--            task           VARCHAR
--            model          VARCHAR
--            method         VARCHAR
--            sparsity       DOUBLE      asked for
--            seed           BIGINT
--            layer_no       SMALLINT    from 0, in the order of the network
--            layer          VARCHAR
--            outputs        INTEGER     rows of the matrix
--            inputs         INTEGER     its columns
--            kept           BIGINT      weights that stay
--            left_share     DOUBLE      fraction of the layer's weights that stays
--            rank           INTEGER     singular values above the largest x the longer side x 2^-23; null of vectors
--            empty_rows     FLOAT       share of the rows of which nothing stays
--            empty_columns  FLOAT
--            low            FLOAT       the least of the values that stay
--            high           FLOAT
--            histogram      INTEGER[]   values that stay, in equal bins from low to high
--            pattern        UTINYINT[]  share that stays in each block of a grid of at most 32 x 32, in 255ths
-- Reference: Ren and Zhu 2023, Figures 1, 2, 4 and 5
-- Example:   SELECT layer, method, avg(rank) AS rank FROM layers WHERE sparsity = 0.8 GROUP BY ALL ORDER BY ALL
SELECT t.trial_id, t.task, t.model, t.method, t.sparsity, t.seed, l.layer_no, l.layer, l.outputs, l.inputs, l.kept,
    l.kept / (l.outputs::BIGINT * l.inputs) AS left_share, l.rank, l.empty_rows, l.empty_columns, l.low, l.high,
    l.histogram, l.pattern
FROM internal.layers_rows AS l
JOIN internal.trial AS t USING (trial_id)
