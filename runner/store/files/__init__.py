"""Files of a store, on a disk or in object storage: written whole or not at all, read as they were written."""
