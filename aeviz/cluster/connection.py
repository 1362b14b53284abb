"""The connection of this process to the cluster, and Ray's errors in one sentence.

Only the core of Ray is used: tasks, actors, and the objects that they exchange.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import aeviz
from aeviz.cluster import address
from aeviz.errors import UserError

NAMESPACE = "aeviz"
"""Of the named actors, which all apps of a cluster see."""

_EXCLUDED = ["__pycache__/", "checkpoints/", "_app/"]
_guard = threading.Lock()


def connect() -> Any:
    """The module `ray`, connected to the cluster of AEVIZ_RAY.

    UserError, in one sentence, if Ray is not installed, the cluster does not answer, or it refuses
    this process: another version of Ray or Python, or a wrong token.
    """
    with _guard:
        # the app promises to send nothing to the internet
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
        # else Ray ends this process if the head does not answer for a minute
        os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "86400")
        named = address.configured()
        if named is None:
            raise UserError(f"Set {address.VARIABLE} to the address of a Ray cluster.")
        try:
            import ray
        except ImportError as error:
            raise UserError(
                f'{address.VARIABLE} is set, but Ray is not installed: pip install "aeviz[ray]".'
            ) from error
        if not ray.is_initialized():
            _init(ray, address.reachable(named))
        return ray


def _init(ray: Any, found: str) -> None:
    package = Path(aeviz.__file__).parent
    try:
        ray.init(
            address=found,
            namespace=NAMESPACE,
            log_to_driver=False,
            logging_level="ERROR",
            # the package only: not the checkout, and not the models in an installed package
            runtime_env={"py_modules": [str(package)], "excludes": _EXCLUDED},
        )
    except (Exception, SystemExit) as error:  # Ray ends the process if the cluster falls silent
        raise UserError(_refusal(found, str(error))) from error


def _refusal(found: str, text: str) -> str:
    """Why the cluster refused this process, in one sentence."""
    if "ersion mismatch" in text:
        return (
            f"The Ray cluster at {found} runs another version of Ray or Python: install the same "
            "ones, to the last digit, on all machines."
        )
    if "token" in text.lower() or "auth" in text.lower():
        return (
            f"The Ray cluster at {found} refuses this token: set RAY_AUTH_TOKEN to that of the "
            "cluster."
        )
    # with a wrong token, Ray says no more than this; the port is open (`address.reachable`)
    if "Failed to connect" in text or "connection timeout" in text:
        return (
            f"The Ray cluster at {found} does not accept this process: set RAY_AUTH_MODE and "
            f"RAY_AUTH_TOKEN to those of the cluster, or correct {address.VARIABLE}."
        )
    first = " ".join(text.split())[:200]
    return f"The Ray cluster at {found} cannot be used: {first or 'it fell silent'}."


def disconnect() -> None:
    """Give the connection up, so that `connect` makes a new one."""
    with _guard:
        import ray

        ray.shutdown()


def is_lost(error: BaseException) -> bool:
    """Whether an error says that a process, a machine or the cluster was lost, so that the same
    work can succeed on another one."""
    import ray.exceptions as errors

    lost = (
        errors.RayActorError,
        errors.WorkerCrashedError,
        errors.NodeDiedError,
        errors.ObjectLostError,
        errors.OwnerDiedError,
        errors.OutOfMemoryError,
        errors.RaySystemError,
        errors.RpcError,
        errors.GetTimeoutError,
        ConnectionError,
    )
    return isinstance(error, lost) and not isinstance(error, errors.RuntimeEnvSetupError)
