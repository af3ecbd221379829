"""A notebook that asks a store, and the code that writes it."""
