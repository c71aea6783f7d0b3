"""The training room: one plain loop for any module and any batches, its schedule, checkpoint and progress."""
