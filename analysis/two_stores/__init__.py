"""Set two stores side by side: what moved from one to the other."""
