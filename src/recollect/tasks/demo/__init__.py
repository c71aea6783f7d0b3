"""The demo: the walk-through that introductions to LSTMs give, on a series made up on the spot."""
