"""The command line: gathers each task's commands, lazily."""
