-- Title:     Bytes and times of kept networks
-- Grain:     one row per trial, measure, name, embeddings and batch
-- Needs:     efficiency, trial
-- Columns:   trial_id    VARCHAR
--            task        VARCHAR
--            model       VARCHAR
--            method      VARCHAR   dense for the unpruned model
--            sparsity    DOUBLE
--            seed        BIGINT
--            measure     VARCHAR   storage or latency
--            name        VARCHAR   of storage the encoding: as-kept, the file that the trial has kept (fp32), or one that
--                        `piesweep storage --keep` measured (INT8); of latency the network: dense fp32, dense INT8, sparse
--                        fp32
--            embeddings  BOOLEAN   whether they are counted; null of latency
--            batch       INTEGER   texts at once; null of storage
--            bytes       BIGINT
--            fp32_bytes  BIGINT    of the same weights, four bytes each
--            seconds     DOUBLE    a text, the median of the measurements
--            lower       DOUBLE    their lower quartile
--            upper       DOUBLE
--            threads     INTEGER
--            machine     VARCHAR   the processor that was timed: times of several are not to be compared
-- Reference: none
-- Example:   SELECT method, sparsity, name, avg(bytes) AS bytes FROM efficiency WHERE embeddings GROUP BY ALL
SELECT
    e.trial_id, t.task, t.model, t.method, t.sparsity, t.seed, e.* EXCLUDE (trial_id)
FROM internal.efficiency AS e
JOIN internal.trial AS t USING (trial_id)
