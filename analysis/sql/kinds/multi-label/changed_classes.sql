-- Title:     Classes of dense and pruned votes of multi-label tasks
-- Grain:     several rows per (pruned cell, split, dense class, pruned class), to be added up
-- Needs:     changed, of changed_classes.sql above
-- Columns:   cell_no       INTEGER
--            split         VARCHAR
--            dense_class   VARCHAR   as in the view confusion
--            pruned_class  VARCHAR
--            examples      BIGINT
-- Reference: none
SELECT
    cell_no, split,
    if(list_contains(dense, class_index), classes[class_index + 1], NULL) AS dense_class,
    if(list_contains(pruned, class_index), classes[class_index + 1], NULL) AS pruned_class,
    examples
FROM (SELECT *, unnest(list_distinct(list_concat(dense, pruned))) AS class_index FROM changed WHERE kind = 'multi-label')
