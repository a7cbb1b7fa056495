"""What can be wrong with what a predictor is given, in a way that a user can mend."""

from __future__ import annotations


class PredictorError(ValueError):
    """A table, a graph, a predictor file or an option will not do.

    The message is one line that says what is wrong, where, the value, and what to do.
    """
