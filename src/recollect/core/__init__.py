"""The bottom room: the dimension alphabet, named state, sequences, errors, seeds and whole-file writing.

Nothing of ours is imported here; every other room may import this one.

The alphabet, used as the shape language everywhere:

    B batch   T time steps   I input features   H hidden units   L layers   P projection
    V vocabulary   Q quantiles   K forecast horizon   N series   S patches

Gates stand in the order ``i f g o`` and are named after activation; before it they are ``preact``.
"""
