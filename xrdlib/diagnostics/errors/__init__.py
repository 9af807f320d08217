"""Where the network errs: parts of the ranges, parameters against curves, epochs against epochs."""
