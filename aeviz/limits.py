"""What people may make the server hold or do: for one person, for one address, and in all.

`docs/limits.md` says the same in words, with the sentence that each limit ends in. A person is a
browser, known by its cookie (`aeviz.people`); a program without one is its address. Behind a proxy
on this machine, an address is the one that the proxy passes on.
"""

from __future__ import annotations

from typing import Final

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30

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
REPLIES: Final = 256 * MIB
"""Bytes of all replies that are computed or sent, of one person and one address a share."""
REPLIES_OF_PERSON: Final = 64 * MIB
REPLIES_OF_ADDRESS: Final = 128 * MIB
SOCKETS: Final = 600
SOCKETS_OF_PERSON: Final = 32
SOCKETS_OF_ADDRESS: Final = 300
"""A class behind one address is 100 browsers of three sockets each."""
SLOW_ANSWERS: Final = 2
"""Threads that open models and lay out their galleries. Who asks for the same waits for one."""

# ---- restoring photographs ---------------------------------------------------------------------

PHOTO_SOCKETS: Final = 300
PHOTO_SOCKETS_OF_PERSON: Final = 8
PHOTO_SOCKETS_OF_ADDRESS: Final = 150
PHOTO_REQUEST: Final = 64 * KIB
"""Bytes of one message that says what to restore."""
UPLOADS: Final = 48
"""Bodies of requests that are read at the same time."""
UPLOADS_OF_PERSON: Final = 6
UPLOADS_OF_ADDRESS: Final = 24
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
WAITING_PARCELS_OF_PERSON: Final = 2
WAITING_PARCELS: Final = 16 * GIB
"""Bytes of all uploads that wait to be made a data set."""

# ---- the disk ----------------------------------------------------------------------------------

RESERVE: Final = 2 * GIB
RESERVE_SHARE: Final = 0.1
"""So much of the disk is left to trainings: `RESERVE`, or this share of a small disk."""

# ---- pages -------------------------------------------------------------------------------------

PAGES: Final = 300
"""Pages that are open at the same time. `server.maxMessageSize` bounds what each may send."""
PAGES_OF_PERSON: Final = 24
PAGES_OF_ADDRESS: Final = 200
PAGE_UPLOADS_OF_SESSION: Final = 128 * MIB
PAGE_UPLOADS: Final = 1 * GIB
"""Bytes of the files that pages have taken in. Streamlit holds them in memory until the page is
closed."""

# ---- training ----------------------------------------------------------------------------------

RUNS_OF_PERSON: Final = 10
"""Runs that train or wait."""
RUNS: Final = 200
LONGEST_TRAINING_SECONDS: Final = 1800.0
"""After so long, a run makes way for others that wait. It can be continued."""
