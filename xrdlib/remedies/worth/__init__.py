"""What every remedy is worth, over several trainings."""
