"""Choosing the epoch for an experiment: the note's first solution."""
