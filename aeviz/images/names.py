"""A stranger's file name, made safe."""

import re
import unicodedata

_LONGEST = 80  # characters; and at most 240 bytes, as file systems stop at 255
_LONGEST_BYTES = 240
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{p}{i}" for p in ("com", "lpt") for i in range(10)}


def safe_name(name: str, suffix: str) -> str:
    """The stem of `name` with `suffix` (".png", "-clean.png"), fit for a header or a zip entry.

    Keeps letters and digits of any script, and "-", "_", ".", "()" and spaces between them;
    folders, the old extension, control and direction characters, quotes and markup go. Never
    empty, at most 80 characters. A name outside ASCII needs a header's `filename*` form (RFC 6266).
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", suffix):
        raise ValueError(f"suffix {suffix!r} is not a plain one")
    stem = re.split(r"[/\\]", name)[-1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", stem)
    stem = unicodedata.normalize("NFC", stem)
    stem = "".join(character if _plain(character) else "_" for character in stem)
    stem = re.sub(r"_{2,}", "_", re.sub(r"\.{2,}", ".", stem)).strip(" ._-")
    if stem.split(".")[0].strip().lower() in _RESERVED:
        stem = "_" + stem
    stem = stem[: _LONGEST - len(suffix)]
    stem = stem.encode()[: _LONGEST_BYTES - len(suffix)].decode(errors="ignore").rstrip(" .")
    return (stem or "image") + suffix


def _plain(character: str) -> bool:
    return character in "-_. ()" or unicodedata.category(character)[0] in "LNM"
