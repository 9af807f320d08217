"""What a curve can tell about the parameters, and what the network has learnt of it."""
