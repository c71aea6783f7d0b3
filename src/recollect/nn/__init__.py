"""Networks: the LSTM layer, its cells and heads."""
