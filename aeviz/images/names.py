"""Make file names from uploads safe."""

import re
import unicodedata

_MAX_LENGTH = 80  # characters
_MAX_BYTES = 240  # file systems allow 255
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{p}{i}" for p in ("com", "lpt") for i in range(10)}


def safe_name(name: str, suffix: str) -> str:
    """The stem of `name` with `suffix` (".png", "-clean.png"), safe in a header or a ZIP entry.

    Keeps letters and digits of any script, and "-", "_", ".", "()" and spaces between them.
    Removes folders, the old extension, control and direction characters, quotes and markup. Never
    empty, at most 80 characters. A non-ASCII name needs the header's `filename*` form (RFC 6266).
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", suffix):
        raise ValueError(f"suffix {suffix!r} has unsafe characters")
    stem = re.split(r"[/\\]", name)[-1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", stem)
    stem = unicodedata.normalize("NFC", stem)
    stem = "".join(character if _plain(character) else "_" for character in stem)
    stem = re.sub(r"_{2,}", "_", re.sub(r"\.{2,}", ".", stem)).strip(" ._-")
    if stem.split(".")[0].strip().lower() in _RESERVED:
        stem = "_" + stem
    stem = stem[: _MAX_LENGTH - len(suffix)]
    stem = stem.encode()[: _MAX_BYTES - len(suffix)].decode(errors="ignore").rstrip(" .")
    return (stem or "image") + suffix


def _plain(character: str) -> bool:
    return character in "-_. ()" or unicodedata.category(character)[0] in "LNM"
