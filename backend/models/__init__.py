"""Models: what a model setting means on this machine, loading it safely, and the starter model's weights."""
