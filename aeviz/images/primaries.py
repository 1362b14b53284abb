"""Colour spaces given by numbers: cICP, or gamma and chromaticities."""

from dataclasses import dataclass

import numpy as np

Point = tuple[float, float]  # CIE x, y

_D65: Point = (0.3127, 0.3290)
_SRGB: tuple[Point, ...] = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65)
_C: Point = (0.310, 0.316)
# ITU-T H.273, table 2: red, green, blue, white
_PRIMARIES: dict[int, tuple[Point, ...]] = {
    1: _SRGB,
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_WHITE_NITS = 203  # HDR's reference white (ITU-R BT.2408)
_GAMMA_OF_SRGB = 0.45455


@dataclass(frozen=True)
class Colours:
    """linear: float32 (65536,), the linear light, 0 to 1, of each 16-bit sample value. matrix:
    float32 (3, 3), from this linear light to sRGB's."""

    linear: np.ndarray
    matrix: np.ndarray


def from_cicp(primaries: int, transfer: int) -> Colours | None:
    """The colours for these numbers (ITU-T H.273); None if they mean sRGB, or are unknown."""
    linear = _linear(transfer, np.linspace(0, 1, 65536))
    if linear is None or primaries not in _PRIMARIES or (primaries, transfer) == (1, 13):
        return None
    return _colours(np.clip(linear, 0, 1), _PRIMARIES[primaries])


def is_known(primaries: int, transfer: int) -> bool:
    return primaries in _PRIMARIES and _linear(transfer, np.zeros(1)) is not None


def from_gamma(gamma: float, points: tuple[Point, ...] | None) -> Colours | None:
    """The colours for PNG's gAMA and cHRM (red, green, blue, white); None if they mean sRGB, as in
    nearly all files of gamma 1 / 2.2, or are invalid."""
    points = points or _SRGB
    is_srgb = np.allclose(points, _SRGB, atol=0.002)
    if not 0.05 <= gamma <= 20 or (is_srgb and abs(gamma / _GAMMA_OF_SRGB - 1) < 0.05):
        return None
    try:
        return _colours(np.linspace(0, 1, 65536) ** (1 / gamma), points)
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return None


def _linear(transfer: int, x: np.ndarray) -> np.ndarray | None:
    """The inverse of H.273, table 3: the linear light of each sample; 1 is reference white."""
    match transfer:
        case 1 | 6 | 14 | 15:
            return np.where(x < 0.081243, x / 4.5, ((x + 0.099297) / 1.099297) ** (1 / 0.45))
        case 4:
            return x**2.2
        case 5:
            return x**2.8
        case 8:
            return x
        case 13:
            return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
        case 16:  # PQ
            root = x ** (1 / 78.84375)
            light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
            return light ** (1 / 0.1593017578125) * 10_000 / _WHITE_NITS
        case 18:  # HLG; its white is at three quarters of the signal
            light = np.where(
                x <= 0.5, x**2 / 3, (np.exp((x - 0.55991073) / 0.17883277) + 0.28466892) / 12
            )
            return (light / 0.26496256) ** 1.2
    return None


def _colours(linear: np.ndarray, points: tuple[Point, ...]) -> Colours:
    matrix = np.linalg.solve(_to_xyz(_SRGB), _to_xyz(points))
    if not np.isfinite(matrix).all():
        raise np.linalg.LinAlgError
    return Colours(linear.astype(np.float32), matrix.astype(np.float32))


def _to_xyz(points: tuple[Point, ...]) -> np.ndarray:
    """Linear RGB of these primaries -> XYZ, white adapted to D65 (Bradford)."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in points]).T
    white = columns[:, 3]
    matrix = columns[:, :3] * np.linalg.solve(columns[:, :3], white)
    x, y = _D65
    ratio = (_BRADFORD @ [x / y, 1, (1 - x - y) / y]) / (_BRADFORD @ white)
    return np.asarray(np.linalg.solve(_BRADFORD, ratio[:, None] * _BRADFORD) @ matrix)
