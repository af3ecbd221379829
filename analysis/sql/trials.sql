-- Title:     Committed trials
-- Grain:     one row per trial_id
-- Needs:     trial
-- Columns:   trial_id           VARCHAR    hash of everything that can change the result
--            parent_id          VARCHAR    the trial it continues from, if any: a dense one, or the level below
--            attempt            VARCHAR    which attempt was committed
--            origin             VARCHAR    trial, or ingested
--            task               VARCHAR
--            model              VARCHAR    the study's name; name@hash where one store trains it in several ways
--            architecture       VARCHAR
--            method             VARCHAR    dense for the unpruned model
--            sparsity           DOUBLE     requested fraction removed
--            base               VARCHAR    of what: prunable weights; all parameters, so that 1 / (1 - sparsity) is the
--                                          compression; or with-biases, all with the biases beside prunable weights
--                                          counted as if they went
--            seed               BIGINT
--            achieved_sparsity  DOUBLE     fraction removed of the prunable weights
--            total_sparsity     DOUBLE     fraction removed of all parameters
--            parameters         BIGINT
--            prunable           BIGINT
--            threshold          DOUBLE     above which a multi-label probability is a yes
--            epochs             BIGINT
--            seconds            DOUBLE     wall time over all attempts
--            device_vendor      VARCHAR    nvidia, amd or cpu
--            device_name        VARCHAR
--            device_driver      VARCHAR    version of the kernel driver
--            device_runtime     VARCHAR    version of CUDA or HIP; on a processor, the instructions torch used
--            device_kernels     VARCHAR    version of cuDNN or MIOpen
--            peak_memory        BIGINT     bytes held on the GPU at most
--            precision          VARCHAR
--            host               VARCHAR
--            committed_at       TIMESTAMP  UTC
--            metrics            JSON       split -> metric -> value, as the trial computed it
--            versions           JSON
--            settings           JSON
-- Reference: none
-- Example:   SELECT task, model, method, sparsity, count(*) AS seeds, avg(seconds) AS seconds FROM trials GROUP BY ALL
SELECT
    trial_id, parent_id, attempt, origin, task, model, architecture, method, sparsity,
    coalesce(settings::JSON ->> 'base', 'prunable') AS base, seed,
    achieved_sparsity, total_sparsity, parameters, prunable, threshold, epochs, seconds,
    device_vendor, device_name, device_driver, device_runtime, device_kernels, peak_memory, precision, host, committed_at,
    metrics::JSON AS metrics, versions::JSON AS versions, settings::JSON AS settings
FROM internal.trial
