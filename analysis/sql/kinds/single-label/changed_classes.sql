-- Title:     Classes of dense and pruned votes of single-label tasks
-- Grain:     several rows per (pruned cell, split, dense class, pruned class), to be added up
-- Needs:     changed, of changed_classes.sql above
-- Columns:   cell_no       INTEGER
--            split         VARCHAR
--            dense_class   VARCHAR   as in the view confusion
--            pruned_class  VARCHAR
--            examples      BIGINT
-- Reference: none
SELECT cell_no, split, classes[dense[1] + 1] AS dense_class, classes[pruned[1] + 1] AS pruned_class, examples
FROM changed
WHERE kind = 'single-label'
