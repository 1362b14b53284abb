"""The one error that a person is meant to read."""


class UserError(ValueError):
    """Something a person can put right.

    Its text is one plain sentence that says what to do next; pages and the command line show that
    sentence and nothing else. Every other exception is a bug and keeps its traceback in the log.
    """
