"""Few files instead of two a trial: shared rows, folded records, and the votes that are kept beside them."""
