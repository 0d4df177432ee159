"""What an encoder is shown of a picture: the part inside uniform borders, at the encoder's size.

The same whether it comes from the decode of pass 1 or from one of its own.
"""

from __future__ import annotations

from rfdedup.encoders.preprocess import InputSpec, prepare
from rfdedup.features import light_and_detail
from rfdedup.features.measurement import LONGEST
from rfdedup.imaging import DecodeLimits, Picture, decode
from rfdedup.imaging.arrays import U8, area_resize, shrink_factor


def decode_for(data: bytes, spec: InputSpec, limits: DecodeLimits) -> Picture:
    """Decode as ``write_input`` needs it: reduced as far as pass 1 reduces, and no further than ``spec`` allows.

    Raises:
        ImageError: see ``imaging.decode``.
    """
    return decode(data, at_least=LONGEST, sides=(spec.width, spec.height), limits=limits)


def serves(picture: Picture, spec: InputSpec) -> bool:
    """Whether ``decode_for`` would give the same pixels."""
    return picture.factor == shrink_factor(picture.width, picture.height, LONGEST, (spec.width, spec.height))


def write_input(picture: Picture, spec: InputSpec, out: U8, grey: U8 | None = None) -> None:
    """Write what the encoder is shown to ``out``, of ``spec.shape`` uint8.

    Pixels are averaged by 2, 4 or 8 first where enough remain, which costs a fraction of the filter.

    Args:
        picture: for which ``serves`` holds. grey: its grey levels, where they are known.
    """
    inside = light_and_detail.without_borders(picture.rgb, grey)
    height, width = inside.shape[:2]
    factor = shrink_factor(width, height, 1, (spec.width, spec.height))
    if factor > 1 and inside is picture.rgb:
        inside, factor = picture.half, factor // 2
        height, width = inside.shape[:2]
    if factor > 1:
        inside = area_resize(inside, -(-width // factor), -(-height // factor))
    prepare(inside, spec, out)
