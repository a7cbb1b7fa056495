"""Which features only tell how a network is trained, and nothing of its wiring."""

from __future__ import annotations

from collections.abc import Iterable

TRAINING_WORDS = (
    *("learning_rate", "lr", "dropout", "label_smoothing", "weight_decay", "momentum", "optimiser", "optimizer"),
    *("schedule", "scheduler", "batch_size", "epochs", "n_epochs", "activation", "cell", "embedding"),
)
"""Names, as they are, after ``log_``, or as the beginning of ``activation_relu`` or ``activation=relu``. What a
recurrent cell computes, and how wide the embedding of the inputs is, says as little of the wiring as an activation."""


def training_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names among some features that tell how a network is trained, in their order.

    A predictor that knows no more than these and the size knows nothing of the wiring.
    """
    return tuple(name for name in names if _is_of_training(name.lower()))


def _is_of_training(name: str) -> bool:
    plain = name.removeprefix("log_")
    return any(plain == word or plain.startswith((f"{word}_", f"{word}=")) for word in TRAINING_WORDS)
