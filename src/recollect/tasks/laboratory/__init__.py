"""The laboratory: for how long each cell remembers, on the tasks of Hochreiter & Schmidhuber 1997 and successors."""
