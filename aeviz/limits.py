"""What people may make the server hold or do: for one person, for one address, and in all.

`docs/limits.md` says the same in words, with the sentence that each limit ends in. A person is a
browser, known by its cookie (`aeviz.identity`); a program without one is its address, behind a
proxy the one that the proxy passes on (`aeviz.server.proxy`).
"""

from __future__ import annotations

from typing import Final, NamedTuple

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30


class Limit(NamedTuple):
    """The most that all visitors may have together, one person, and one address.

    `address` is None where an address has no limit of its own.
    """

    in_all: int
    person: int
    address: int | None = None


# ---- live decoding -----------------------------------------------------------------------------

MODEL_VALUES: Final = 3 * 256 * 256
"""Numbers in one image of an autoencoder, C x H x W. Data sets of own images have a quarter."""
GALLERY_VALUES: Final = 1_000_000
"""Numbers in all codes of a model's gallery, which has fewer images where its codes are long."""
REQUEST: Final = 4 * MIB
"""Bytes of one message to the decoder: an image, or 256 codes of the largest size."""
REPLY: Final = 16 * MIB
"""Bytes of one reply."""
SMALL_REPLY: Final = 64 * KIB
"""Replies of up to so many bytes are not counted: as many as a connection may ask for are."""
REPLIES: Final = Limit(in_all=256 * MIB, person=64 * MIB, address=128 * MIB)
"""Bytes of the replies that are computed or sent."""
SOCKETS: Final = Limit(in_all=600, person=32, address=300)
"""A class behind one address is 100 browsers of three sockets each."""
SLOW_ANSWERS: Final = 2
"""Threads that open models and lay out their galleries. Who asks for the same waits for one."""

# ---- restoring photographs ---------------------------------------------------------------------

PHOTO_SOCKETS: Final = Limit(in_all=300, person=8, address=150)
PHOTO_REQUEST: Final = 64 * KIB
"""Bytes of one message that says what to restore."""
UPLOADS: Final = Limit(in_all=48, person=6, address=24)
"""Bodies of requests that are read at the same time."""
UPLOAD_WAIT_SECONDS: Final = 30.0
"""For a place among them."""
UPLOAD_SPEED: Final = 8 * KIB
"""Bytes a second, at least, on average after the first `UPLOAD_GRACE_SECONDS`."""
UPLOAD_GRACE_SECONDS: Final = 15.0
DIGITS_AT_ONCE: Final = 2
"""Photographs of handwriting that are read at the same time."""

# ---- own images --------------------------------------------------------------------------------

PARCEL: Final = 2 * GIB
"""Bytes of the images that are sent at once."""
PARCEL_ITEMS: Final = 100_000
"""Files in them, those in zips counted, too."""
WAITING_UPLOADS_OF_PERSON: Final = 2
WAITING_UPLOADS: Final = Limit(
    in_all=16 * GIB, person=WAITING_UPLOADS_OF_PERSON * PARCEL, address=8 * GIB
)
"""Bytes of the uploads that wait to be made a data set, and of those under way."""
MIN_WAITING_UPLOAD: Final = MIB
"""Bytes that each of them counts for at least, which bounds their number."""

OWN_DATASETS: Final = Limit(in_all=300, person=20)
"""Data sets that people have made of their own images."""
OWN_DATASET_BYTES: Final = Limit(in_all=32 * GIB, person=GIB)

# ---- uploaded models ---------------------------------------------------------------------------

MODELS: Final = Limit(in_all=300, person=20)
MODEL_BYTES: Final = Limit(in_all=32 * GIB, person=512 * MIB)

# ---- the disk ----------------------------------------------------------------------------------

RESERVE: Final = 2 * GIB
RESERVE_SHARE: Final = 0.1
"""So much of the disk is left to trainings: `RESERVE`, or this share of a small disk."""

# ---- pages -------------------------------------------------------------------------------------

PAGES: Final = Limit(in_all=300, person=24, address=200)
"""Pages that are open at the same time. `server.maxMessageSize` bounds what each may send."""
PAGE_UPLOADS_OF_SESSION: Final = 128 * MIB
PAGE_UPLOADS: Final = 1 * GIB
"""Bytes of the files that pages have taken in. Streamlit holds them in memory until the page is
closed."""

# ---- training ----------------------------------------------------------------------------------

RUNS: Final = Limit(in_all=200, person=10)
"""Runs that train or wait."""
LONGEST_TRAINING_SECONDS: Final = 1800.0
"""After so long, a run makes way for others that wait. It can be continued."""

# ---- the Lab -----------------------------------------------------------------------------------

LAB_JOBS: Final = Limit(in_all=100, person=3)
"""Experiments that run or wait."""
LAB_KEPT: Final = 300
"""Results that are kept; the one that was asked for longest ago goes first."""
LAB_RESULT: Final = 4 * MIB
"""Bytes of the rows of one result."""
