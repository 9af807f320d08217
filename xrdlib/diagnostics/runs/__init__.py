"""What differs between trainings: seeds, bias and variance, the plane of weights, ways of training."""
