"""File names from strangers."""

import pytest

from aeviz.images import safe_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("photo.jpg", "photo.png"),
        ("My photo (1).final.JPEG", "My photo (1).final.png"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\Users\\me\\a.bmp", "a.png"),
        ("..", "image.png"),
        ("", "image.png"),
        (".png", "image.png"),
        ("///", "image.png"),
        ("<img src=x onerror=alert(1)>.gif", "img src_x onerror_alert(1).png"),
        ('a"; filename="b.exe', "a_ filename_b.png"),
        ("a\r\nSet-Cookie: x=1", "a_Set-Cookie_ x_1.png"),
        ("a\0b.png", "a_b.png"),
        ("\u202egnp.exe", "gnp.png"),
        ("été 東京.webp", "été 東京.png"),
        ("CON.png", "_CON.png"),
        ("com1.tar.gz", "_com1.tar.png"),
    ],
)
def test_names(name, expected):
    assert safe_name(name, ".png") == expected


@pytest.mark.parametrize("letter", ["a", "é", "東", "\U00020000"])
def test_long_names_are_cut_by_characters_and_bytes(letter):
    name = safe_name(letter * 300 + ".jpg", "-clean.png")
    assert name.endswith(letter + "-clean.png")
    assert len(name) <= 80
    assert len(name.encode()) <= 240


def test_the_suffix_is_ours_alone():
    with pytest.raises(ValueError, match="suffix"):
        safe_name("a", "/../x")
