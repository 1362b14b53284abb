"""Guess the encoding of file names in a ZIP archive: UTF-8 without the flag, or a code page."""

from __future__ import annotations

import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence

_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075  # an extra field of Info-ZIP: version, checksum of the name, name in UTF-8
_PAGES = (
    *("cp437", "cp1252", "cp850", "gbk", "cp932", "big5", "cp949"),
    *("cp1253", "iso8859_7", "cp1251", "cp866", "cp737"),
)
"""The standard's own page first; of pages that fit equally well the first is used."""

_COMMON = {
    "gbk": ("gb2312", b"\xb0", b"\xd8"),
    "cp932": ("shift_jis", b"\x88", b"\x99"),
    "big5": ("big5", b"\xa4", b"\xc7"),
}
"""Code page -> its standard, and the range of first bytes of that standard's common Chinese
characters (level 1)."""

_USUAL_JAMO = frozenset(
    "\u1100\u1102\u1103\u1105\u1106\u1107\u1109\u110b\u110c\u1112"
    "\u1161\u1162\u1165\u1166\u1167\u1169\u116e\u1173\u1175"
    "\u11a8\u11ab\u11af\u11b7\u11bc"
)
"""Frequent first consonants, vowels and last consonants of Hangul. Three of four Korean syllables
consist of these alone, but only one of seven of the syllables that Chinese names decode to."""

_LOOKED_AT = 2_000


def paths(entries: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The path of each entry, up to a NUL. All names without the UTF-8 flag are decoded in one code
    page, the one in which they look most like words."""
    raw = [None if entry.flag_bits & _UTF8_FLAG else _raw(entry) for entry in entries]
    unsure = list({name for name in raw if name is not None and not name.isascii()})
    page = code_page(unsure[:_LOOKED_AT]) if unsure else "ascii"
    return [
        _unicode_path(entry, name)
        or (entry.filename if name is None else name.decode(page, "backslashreplace"))
        for entry, name in zip(entries, raw, strict=True)
    ]


def code_page(names: Sequence[bytes]) -> str:
    """The most likely encoding of these names: UTF-8, or a code page of ZIP programs."""
    if _decoded(names, "utf-8") is not None:
        return "utf-8"
    costs = {
        page: sum(_strangeness(name, page) for name in text)
        for page in _PAGES
        if (text := _decoded(names, page)) is not None
    }
    return min(costs, key=lambda page: costs[page])


def _raw(entry: zipfile.ZipInfo) -> bytes:
    """The bytes in the archive, which `zipfile` decodes as code page 437."""
    return entry.orig_filename.encode("cp437", "replace").split(b"\0")[0]


def _unicode_path(entry: zipfile.ZipInfo, raw: bytes | None) -> str:
    """The name in an extra field, if its checksum matches the entry's own name; else ""."""
    extra = entry.extra
    while raw is not None and len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        body, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(body) > 5 and body[0] == 1:
            if struct.unpack_from("<I", body, 1)[0] != zlib.crc32(raw):
                return ""
            return body[5:].decode(errors="ignore").split("\0")[0]
    return ""


def _decoded(names: Sequence[bytes], page: str) -> list[str] | None:
    try:
        return [name.decode(page) for name in names]
    except UnicodeDecodeError:
        return None


def _strangeness(text: str, page: str) -> float:
    """How little a name looks like words: the sum over non-ASCII characters of how rare their kind
    is in names, plus a cost if scripts are mixed inside a word."""
    cost, before = float(_lacks_tonos(text)), " "
    for letter, after in zip(text, text[1:] + " ", strict=True):
        if not letter.isascii():
            cost += _rarity(letter, page)
            script = _script(letter)
            neighbours = [c for c in (before, after) if c.isalpha()]
            cost += sum(2 for c in neighbours if _script(c) != script)
            cost += letter.isupper() and before.islower()
            cost += letter == "ς" and after.isalpha()
            if script == "LATIN" and before.isalpha():
                cost += not before.isascii()
        elif letter.isupper() and before.islower() and not before.isascii():
            cost += 1
        before = letter
    return cost


def _lacks_tonos(text: str) -> bool:
    """Whether it has lower-case Greek letters, but none with the accent that Greek words have."""
    greek = [letter for letter in text if letter.islower() and _script(letter) == "GREEK"]
    return bool(greek) and not any("\u0301" in unicodedata.normalize("NFD", c) for c in text)


def _script(letter: str) -> str:
    """LATIN, CYRILLIC, CJK, ...; all Japanese scripts count as CJK."""
    script = unicodedata.name(letter, "?").split()[0].split("-")[0]
    return "CJK" if script in ("HIRAGANA", "KATAKANA", "HALFWIDTH") else script


def _rarity(letter: str, page: str) -> float:
    name, category = unicodedata.name(letter, ""), unicodedata.category(letter)
    if name.startswith(("HIRAGANA", "KATAKANA")):
        return 0.2 if page == "cp932" else 1.5
    if name.startswith(("FULLWIDTH", "IDEOGRAPHIC")):
        return 0.2
    if name.startswith("HALFWIDTH"):
        return 1.5
    if name.startswith("CJK"):
        return 0.3 if _is_common(letter, page) else 1.5
    if name.startswith("HANGUL"):
        return 0.2 if _is_usual(letter) else 0.4
    if category[0] not in "LMN":
        return 3.0
    if name.endswith("DIALYTIKA AND TONOS"):
        return 1.5
    return 0.5 if _script(letter) in ("CYRILLIC", "GREEK") else 0.6


def _is_common(letter: str, page: str) -> bool:
    """Whether it is among the common Chinese characters of this page's standard."""
    standard, first, last = _COMMON.get(page, ("ascii", b"", b""))
    return first <= letter.encode(standard, "ignore")[:1] < last


def _is_usual(syllable: str) -> bool:
    """Whether a Hangul syllable consists of frequent letters alone."""
    return _USUAL_JAMO.issuperset(unicodedata.normalize("NFD", syllable))
