"""Text: from a corpus to a network that writes on, and that tells what surprises it."""
