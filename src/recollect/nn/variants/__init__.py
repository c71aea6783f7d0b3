"""The cells, a file each, line for line as in the papers. Everything else defers to these equations.

Each is a function of what it sees at a step (``Seen``), the state before, the weights and what squashes; it gives the
gates after activation and the state after. recollect.nn.cells lists them.
"""
