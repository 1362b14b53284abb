"""A file cut short anywhere is refused or shows the whole picture, never half of it."""

import numpy as np
import pytest
from fuzzing import seeds

from aeviz.errors import UserError
from aeviz.images import read_photo

CUTS = 60
FILES = seeds()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_cut_at_many_points(name):
    data = FILES[name]
    photo = read_photo(data)
    refused = 0
    for end in {*np.linspace(0, len(data) - 1, CUTS, dtype=int).tolist(), len(data) - 12}:
        try:
            cut = read_photo(data[:end])
        except UserError:
            refused += 1
            continue
        np.testing.assert_array_equal(cut.pixels, photo.pixels)
        np.testing.assert_equal(cut.alpha, photo.alpha)
    assert refused > CUTS // 4
