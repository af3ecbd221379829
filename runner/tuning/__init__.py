"""Random search for training settings: draws, the study that tries them, and what it found."""
