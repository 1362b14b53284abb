"""Limits on the server's resources: per person, per address, and in all.

`docs/limits.md` lists them with the sentence that a person sees at each limit. A person is a
browser, identified by its cookie (`aeviz.identity`), or an address if there is no cookie; behind a
proxy, the address is the one that the proxy passes on (`aeviz.server.proxy`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30


class Limit(NamedTuple):
    """Maximum for all visitors together, for one person and for one address (None: no limit)."""

    in_all: int
    person: int
    address: int | None = None


# ---- live decoding -----------------------------------------------------------------------------

MODEL_VALUES: Final = 3 * 256 * 256
"""Numbers in one image of an autoencoder, C x H x W. Imported data sets may have a quarter."""
GALLERY_VALUES: Final = 1_000_000
"""Numbers in all codes of a model's gallery, which has fewer images if its codes are long."""
REQUEST: Final = 4 * MIB
"""Bytes of one message to the decoder: an image, or 256 codes of the largest size."""
REPLY: Final = 16 * MIB
"""Bytes of one reply."""
SMALL_REPLY: Final = 64 * KIB
"""Replies of up to so many bytes are not counted; the number of requests per connection bounds
them."""
REPLIES: Final = Limit(in_all=256 * MIB, person=64 * MIB, address=128 * MIB)
"""Bytes of the replies that are being computed or sent."""
SOCKETS: Final = Limit(in_all=600, person=32, address=300)
"""A class behind one address is 100 browsers of three sockets each."""
SLOW_THREADS: Final = 2
"""Threads that open models, and as many that pack galleries."""

# ---- restoring photographs ---------------------------------------------------------------------

PHOTO_SOCKETS: Final = Limit(in_all=300, person=8, address=150)
PHOTO_REQUEST: Final = 64 * KIB
"""Bytes of one message of the photo protocol."""
UPLOADS: Final = Limit(in_all=48, person=6, address=24)
"""Request bodies being read at the same time."""
UPLOAD_WAIT_SECONDS: Final = 30.0
"""Longest wait for a place among them."""
UPLOAD_SPEED: Final = 8 * KIB
"""Minimum mean speed in bytes per second, after the first `UPLOAD_GRACE_SECONDS`."""
UPLOAD_GRACE_SECONDS: Final = 15.0
DIGITS_AT_ONCE: Final = 2
"""Photographs of handwriting being read at the same time."""

# ---- own images --------------------------------------------------------------------------------

DATASET_UPLOAD: Final = 2 * GIB
"""Bytes of one upload of images."""
DATASET_UPLOAD_FILES: Final = 100_000
"""Files in one upload, including those in ZIP archives."""
WAITING_UPLOADS_OF_PERSON: Final = 2
WAITING_UPLOADS: Final = Limit(
    in_all=16 * GIB, person=WAITING_UPLOADS_OF_PERSON * DATASET_UPLOAD, address=8 * GIB
)
"""Bytes of the uploads that wait to become a data set, and of those in progress."""
MIN_WAITING_UPLOAD: Final = MIB
"""Each counts for at least so many bytes, which bounds their number."""

OWN_DATASETS: Final = Limit(in_all=300, person=20)
"""Imported data sets."""
OWN_DATASET_BYTES: Final = Limit(in_all=32 * GIB, person=GIB)

# ---- uploaded models ---------------------------------------------------------------------------

MODELS: Final = Limit(in_all=300, person=20)
MODEL_BYTES: Final = Limit(in_all=32 * GIB, person=512 * MIB)

# ---- the disk ----------------------------------------------------------------------------------

RESERVE: Final = 2 * GIB
RESERVE_SHARE: Final = 0.1
"""So much of the disk is reserved for training: `RESERVE`, or this share of a small disk."""

# ---- pages -------------------------------------------------------------------------------------

PAGES: Final = Limit(in_all=300, person=24, address=200)
"""Pages open at the same time. `server.maxMessageSize` bounds what each may send."""
PAGE_UPLOADS_OF_SESSION: Final = 128 * MIB
PAGE_UPLOADS: Final = 1 * GIB
"""Bytes of the files uploaded to pages. Streamlit keeps them in memory until the page is closed."""

# ---- training ----------------------------------------------------------------------------------

RUNS: Final = Limit(in_all=200, person=10)
"""Runs that are training or waiting."""
LONGEST_TRAINING_SECONDS: Final = 1800.0
"""After this time a run stops if others are waiting. It can be continued."""

# ---- sweeps ------------------------------------------------------------------------------------

SWEEP_TRIALS: Final = 300
"""Runs of one sweep."""
SWEEP_COMBINATIONS: Final = 1000
"""Values and ends of ranges, combined: all are checked before a sweep starts."""

# ---- the Lab -----------------------------------------------------------------------------------

LAB_JOBS: Final = Limit(in_all=100, person=3)
"""Experiments that are running or waiting."""
LAB_KEPT: Final = 300
"""Stored results; the one requested longest ago is removed first."""
LAB_RESULT: Final = 4 * MIB
"""Bytes of the rows of one result."""
LAB_NETWORKS: Final = 12
"""Networks that one result keeps."""
LAB_STORED: Final = 32 * MIB
"""Bytes of these networks, and of the images that it keeps for a person's own image."""
