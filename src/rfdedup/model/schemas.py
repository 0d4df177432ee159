"""Arrow schemas of everything that the run folder holds. The only place that names columns and types."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from rfdedup.model.constants import THUMB_SIDE
from rfdedup.model.text import path_text

if TYPE_CHECKING:
    from rfdedup.model.items import Item

SCHEMA_VERSION = 2
FEATURE_VERSION = 16
"""Raise when a measured feature changes its meaning: older feature shards are then recomputed."""

TABLE_ERRORS = (OSError, ValueError, pa.ArrowException)
"""What pyarrow raises for a damaged Parquet file; ``ValueError`` where a name in it is not UTF-8."""


def row_of(file: Item, fault: tuple[str, str] | None = None) -> dict[str, Any]:
    """What the scan knows of a file, and kind and detail of why it could not be measured, as in ``FEATURES``."""
    kind, detail = fault or (None, None)
    return {
        "root": file.root,
        "path": path_text(file.key),
        "path_bytes": file.key_bytes,
        "bytes": file.size,
        "mtime_ns": file.mtime_ns,
        "inode": file.inode,
        "device": file.device,
        "flags": [],
        "error": kind,
        "error_detail": detail,
        "source": None if file.place is None else file.place.source,
        "offset": None if file.place is None else file.place.offset,
        "length": None if file.place is None else file.place.length,
        "version": file.version,
        "split": file.split,
    }


class Verdict(StrEnum):
    KEEP = "keep"
    DROP = "drop"
    ERROR = "error"


class Tier(StrEnum):
    QUALITY = "quality"
    EXACT = "exact"
    PERCEPTUAL = "perceptual"
    SEMANTIC = "semantic"


MEANING = "meaning"
"""Kind of sameness where hashes or a similarity decided alone, and nobody compared pictures: of a pair, or a run."""


_MEASURED: list[pa.Field[Any]] = [
    pa.field("width", pa.int32()),
    pa.field("height", pa.int32()),
    pa.field("bytes", pa.int64()),
    pa.field("format", pa.string()),
]
_SCALARS: list[pa.Field[Any]] = [
    pa.field("sharpness", pa.float64()),
    pa.field("brightness", pa.float64()),
    pa.field("detail", pa.float64()),
]

_INFORMATION: list[pa.Field[Any]] = [
    # grey levels that the lightest and the darkest part reach; structure in levels^2, and how crisp it is (null where
    # there is none, and where sharpness alone tells that a picture is not blurry): see tiers.information
    pa.field("light", pa.int32()),
    pa.field("shade", pa.int32()),
    pa.field("texture", pa.float64()),
    pa.field("crispness", pa.float64()),
]

_PLACE: list[pa.Field[Any]] = [
    # where an image lies inside its root, see model.items.Place: null for a file of a folder
    pa.field("source", pa.string()),
    pa.field("offset", pa.int64()),
    pa.field("length", pa.int64()),
    pa.field("version", pa.string()),
    pa.field("split", pa.string()),
]

FEATURES = pa.schema(
    [
        pa.field("root", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("path_bytes", pa.binary(), nullable=False),
        pa.field("mtime_ns", pa.int64(), nullable=False),
        pa.field("inode", pa.uint64(), nullable=False),
        pa.field("device", pa.uint64(), nullable=False),
        # null when the image was read; otherwise the ImageError kind and its detail
        pa.field("error", pa.string()),
        pa.field("error_detail", pa.string()),
        # what decoders printed while they were on the file
        pa.field("decoder_warnings", pa.string()),
        pa.field("flags", pa.list_(pa.string()), nullable=False),
        *_MEASURED,
        pa.field("sha256", pa.string()),
        pa.field("dhash", pa.uint64()),
        pa.field("phash", pa.uint64()),
        *_SCALARS,
        # sharpness of the sharpest sixteenth of the picture
        pa.field("local_sharpness", pa.float64()),
        # bits per pixel and estimated JPEG quality (0-100, null where unknown) rank copies of one picture
        pa.field("jpeg_quality", pa.float64()),
        # share of the finest structure, a logarithm: lower in enlarged copies
        pa.field("fineness", pa.float64()),
        # share of the picture's side inside uniform borders, 0-1
        pa.field("content", pa.float64()),
        # longer side in pixels of the decoded picture on which fineness and content were measured
        pa.field("seen", pa.int32()),
        # standard deviation of grey levels: near 0 means the hashes carry no information
        pa.field("contrast", pa.float64()),
        # Shannon entropy of grey levels in bits, and mean spread of the colour channels in levels
        pa.field("entropy", pa.float64()),
        pa.field("colorfulness", pa.float64()),
        pa.field("thumb", pa.binary(THUMB_SIDE * THUMB_SIDE * 3)),
        # frames or pages in the file, and their content in order (null for stills and for too many): see same_frames
        pa.field("frames", pa.int32()),
        pa.field("frame_hashes", pa.binary()),
        *_INFORMATION,
        # what the file says of its picture, bits of Metadata, and its EXIF orientation (0 where it names none)
        pa.field("metadata", pa.int32()),
        pa.field("orientation", pa.int32()),
        # see features.local_features; null where pictures are not compared
        pa.field("local_features", pa.binary()),
        # see features.panels; as local_features
        pa.field("panels", pa.binary()),
        *_PLACE,
    ]
)
"""``features/metadata_NNNN.parquet``: one row per scanned image, in scan order."""

VERDICTS = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("root", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("tier", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("king", pa.string()),
        pa.field("king_root", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("threshold", pa.float64()),
        pa.field("group", pa.int64()),
        pa.field("flags", pa.list_(pa.string()), nullable=False),
        *_MEASURED,
        pa.field("sha256", pa.string()),
        pa.field("dhash", pa.string()),
        pa.field("phash", pa.string()),
        *_SCALARS,
        pa.field("path_bytes", pa.binary(), nullable=False),
        pa.field("king_path_bytes", pa.binary()),
        pa.field("mtime_ns", pa.int64(), nullable=False),
        pa.field("inode", pa.uint64(), nullable=False),
        pa.field("device", pa.uint64(), nullable=False),
        pa.field("error_detail", pa.string()),
        pa.field("decoder_warnings", pa.string()),
        # schema 2: the row of the king, and what makes both the same: copy, moment or meaning
        pa.field("king_row", pa.int64()),
        pa.field("same", pa.string()),
        *_INFORMATION,
        *_PLACE,
    ]
)
"""``verdicts.parquet``: one row per input file, sorted by (root, path_bytes). Row numbers are those of links.

Further columns are appended and may be null; who reads an older run gets nulls for them."""

EVIDENCE_FIELDS: list[pa.Field[Any]] = [
    # maps pixels of the subject to pixels of the king: x' = t0 x + t1 y + t2, y' = t3 x + t4 y + t5
    pa.field("transform", pa.list_(pa.float64(), 6), nullable=False),
    pa.field("mirrored", pa.bool_(), nullable=False),
    pa.field("inliers", pa.int32(), nullable=False),
    pa.field("overlap", pa.float64(), nullable=False),
    pa.field("matched", pa.float64(), nullable=False),
    pa.field("changed_area", pa.int32(), nullable=False),
    pa.field("changed_share", pa.float64(), nullable=False),
    pa.field("side", pa.string(), nullable=False),
    pa.field("colour_changed", pa.bool_(), nullable=False),
    pa.field("resolution", pa.int32(), nullable=False),
    pa.field("reason", pa.string(), nullable=False),
]
"""What a comparison of two pictures measured; see ``comparison.Evidence``."""

EVIDENCE = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("king_row", pa.int64(), nullable=False),
        pa.field("same", pa.string(), nullable=False),
        # whether it would differ where many images share the background: a patch that one has alone is content there
        pa.field("crowd", pa.bool_(), nullable=False),
        pa.field("proposed_by", pa.string(), nullable=False),
        pa.field("proposal_score", pa.float64(), nullable=False),
        *EVIDENCE_FIELDS,
        # rows of the other kept pictures that show the rest of a collage
        pa.field("others", pa.list_(pa.int64())),
    ]
)
"""``evidence.parquet``: one row for each drop that a comparison of pictures decided, by row."""

LINKS = pa.schema(
    [
        pa.field("a", pa.int64(), nullable=False),
        pa.field("b", pa.int64(), nullable=False),
        pa.field("tier", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        # schema 2: copy, moment or meaning
        pa.field("same", pa.string()),
    ]
)
"""``links.parquet``: pairs of verdict rows, a < b. Score: bits that differ (hash tiers) or cosine similarity."""
