"""How an LSTM is computed: the definition, the fast paths and the table that chooses between them."""
