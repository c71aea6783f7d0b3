"""One training loop for every model: any module, any iterable of batches."""
