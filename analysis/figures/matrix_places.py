"""The place of every prunable matrix in the order of the network, the same for all methods of a task and model."""

PLACES = """
    WITH numbered AS (
        SELECT *, row_number() OVER (PARTITION BY trial_id ORDER BY layer_no) AS own FROM layers WHERE outputs > 1
    ), placed AS (
        SELECT task, model, layer, dense_rank() OVER (PARTITION BY task, model ORDER BY max(own), layer) - 1 AS place
        FROM numbered GROUP BY task, model, layer
    ), matrices AS (
        SELECT * FROM numbered JOIN placed USING (task, model, layer)
    )"""
"""Begins a query: the relation `matrices` is the view `layers` without vectors, and with `place`.

Some methods prune biases, which lie between matrices, and some leave layers out: a matrix has the last place that it
has among those of any trial.
"""
