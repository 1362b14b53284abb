"""The one error that a person is meant to read, and the one that means "smaller, please"."""


class UserError(ValueError):
    """Something a person can put right.

    Its text is one plain sentence that says what to do next; pages and the command line show that
    sentence and nothing else. Every other exception is a bug and keeps its traceback in the log.
    """


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory did not suffice: torch says so of CPU and GPU in RuntimeErrors of its own."""
    if isinstance(error, MemoryError):
        return True
    said = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "allocate memory" in said or "out of memory" in said
    )


class UnsureError(UserError):
    """A question that has to be answered before this is done."""
