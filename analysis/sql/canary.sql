-- Title:     Disagreement by hardware alone
-- Grain:     one row per (task, split, model, method, sparsity, seed, vendor, other_vendor) of trials that have copies
-- Needs:     canary, canary_rows
-- Columns:   task          VARCHAR
--            split         VARCHAR
--            model         VARCHAR
--            method        VARCHAR   dense for the unpruned model
--            sparsity      DOUBLE
--            seed          BIGINT
--            vendor        VARCHAR   where one of two runs of the same trial was computed: amd, cpu or nvidia
--            other_vendor  VARCHAR   where the other was; the same where two runs on one vendor's devices are compared
--            pairs         BIGINT    pairs of runs compared: copies, and the trial of which they are copies
--            examples      BIGINT    examples compared, over all pairs
--            differ        BIGINT    of these, answered otherwise
--            rate          DOUBLE    differ / examples
-- Reference: none; what Hooker et al. 2019 (arXiv:1911.05248) call a PIE, between runs that nothing but hardware tells apart
-- Example:   FROM canary ORDER BY rate DESC
WITH pairs AS (
    SELECT
        a.task, a.model, a.method, a.sparsity, a.seed,
        least(a.vendor, b.vendor) AS vendor,
        greatest(a.vendor, b.vendor) AS other_vendor,
        a.trial_id AS one_id,
        b.trial_id AS other_id
    FROM internal.canary AS a
    JOIN internal.canary AS b USING (task, model, method, sparsity, seed)
    WHERE a.trial_id < b.trial_id AND a.vendor IS NOT NULL AND b.vendor IS NOT NULL
)
SELECT
    p.task, one.split, p.model, p.method, p.sparsity, p.seed, p.vendor, p.other_vendor,
    count(DISTINCT (p.one_id, p.other_id)) AS pairs,
    count(*) AS examples,
    count(*) FILTER (one.answer <> other.answer) AS differ,
    count(*) FILTER (one.answer <> other.answer) / count(*) AS rate
FROM pairs AS p
JOIN internal.canary_rows AS one ON one.trial_id = p.one_id
JOIN internal.canary_rows AS other
    ON other.trial_id = p.other_id AND other.split = one.split AND other.example_id = one.example_id
GROUP BY ALL
