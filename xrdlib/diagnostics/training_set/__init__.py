"""Where a point lies among the training samples, and how evenly those fill the parameter space."""
