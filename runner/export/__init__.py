"""Networks that trials kept, for use elsewhere: as folders, in few bytes, and how fast they are."""
