"""Training again: more curves, other weights, or on from where it ended, around an experiment."""
