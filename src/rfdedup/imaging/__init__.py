"""The only decoder of the project: formats by content, limits before work, one error for one broken file."""

from rfdedup.imaging.arrays import fit, to_grey
from rfdedup.imaging.decode import FLAGS, Header, Picture, decode, probe
from rfdedup.imaging.frames import Frames, same_frames
from rfdedup.imaging.limits import ERROR_KINDS, DecodeLimits
from rfdedup.imaging.sniff import SNIFF_BYTES, SUPPORTED, sniff
from rfdedup.model.errors import ImageError

__all__ = [
    "ERROR_KINDS",
    "FLAGS",
    "SNIFF_BYTES",
    "SUPPORTED",
    "DecodeLimits",
    "Frames",
    "Header",
    "ImageError",
    "Picture",
    "decode",
    "fit",
    "probe",
    "same_frames",
    "sniff",
    "to_grey",
]
