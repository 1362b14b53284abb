"""Errors whose text is shown to people, and how to recognise a lack of memory."""


class UserError(ValueError):
    """An error that the user can fix.

    `message` is one plain sentence that says what is wrong and what to do. `key` is the dotted key
    of the setting that is wrong ("training.epochs"), if it is one setting. As text the error is
    "training.epochs: The value must be ..."; a page shows the setting's label instead of its key.
    Every other exception is a bug and keeps its traceback in the log.
    """

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.key = key

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out: PyTorch reports this as a RuntimeError, for CPU and GPU."""
    if isinstance(error, MemoryError):
        return True
    message = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "allocate memory" in message or "out of memory" in message
    )


class UnsureError(UserError):
    """A question that needs an answer before the action can go ahead."""
