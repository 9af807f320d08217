"""What to do about one target: the note's decision tree, answered from measured quantities where possible."""
