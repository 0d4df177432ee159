"""The only decoder of the project: formats by content, limits before work, one error for one broken file."""

from rfdedup.errors import ImageError
from rfdedup.imaging.arrays import fit, to_grey
from rfdedup.imaging.decode import FLAGS, Header, Picture, decode, probe
from rfdedup.imaging.frames import Frames, same_frames
from rfdedup.imaging.limits import ERROR_KINDS, Limits
from rfdedup.imaging.sniff import SNIFF_BYTES, SUPPORTED, sniff

__all__ = [
    "ERROR_KINDS",
    "FLAGS",
    "SNIFF_BYTES",
    "SUPPORTED",
    "Frames",
    "Header",
    "ImageError",
    "Limits",
    "Picture",
    "decode",
    "fit",
    "probe",
    "same_frames",
    "sniff",
    "to_grey",
]
