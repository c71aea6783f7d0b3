"""The HTML report and the pictures that tasks share."""
