"""The result of a run as Python sees it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.encoders.given_vectors import NAME
from rfdedup.features.hashes import sha256
from rfdedup.model.errors import ConfigError, DataError, RunFolderError
from rfdedup.model.schemas import Tier, Verdict
from rfdedup.pipeline.run_images import Group, RunImages, groups_of, to_pandas
from rfdedup.sources.kept_images import is_kept
from rfdedup.storage.half_precision import HalfPrecision
from rfdedup.storage.run_folder import FEATURES_FOLDER, RunFolder, sameness

if TYPE_CHECKING:
    from rfdedup.encoders.base import Encoder
    from rfdedup.outputs.alike import AlikeSearch
    from rfdedup.outputs.materialize import CopySummary
    from rfdedup.runtime.progress import Progress

_BLOCK: Final = 8192
"""Embeddings that are looked at together."""
_WORDS: Final = {Verdict.KEEP: "kept", Verdict.DROP: "dropped", Verdict.ERROR: "unreadable"}


class Embeddings(NamedTuple):
    """What an encoder made of the images of a run.

    Attributes:
        ids: (n,) object, the names of the images as ``Run.kept_paths`` has them.
        rows: (n,) int64, their places in ``verdicts``, ascending.
        vectors: (n, dim) float16 as the encoder gave them, not of unit length; read-only.
    """

    ids: npt.NDArray[np.object_]
    rows: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float16]


@dataclass(frozen=True, repr=False)
class Run:
    """A finished run, read from its folder when asked.

    Attributes:
        path: the run folder.
        encoder: that was handed over as an object, which no folder can hold.
    """

    path: Path
    encoder: Encoder | None = field(default=None, compare=False)

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open a finished run folder.

        Raises:
            RunFolderError: there is no finished run in ``path``.
        """
        RunFolder.open(Path(path))
        return cls(Path(path))

    @cached_property
    def info(self) -> dict[str, Any]:
        """``run.json``: configuration, encoder, counts, timings."""
        return RunFolder(self.path).info()

    @cached_property
    def verdicts(self) -> pa.Table:
        """One row per input file; columns in ``schemas.VERDICTS``."""
        return RunFolder(self.path).verdicts()

    @cached_property
    def links(self) -> pa.Table:
        """Measured links between rows of ``verdicts``; columns in ``schemas.LINKS``."""
        return RunFolder(self.path).links()

    @cached_property
    def evidence(self) -> pa.Table:
        """What comparing the pictures found for each drop that is not identical; columns in ``schemas.EVIDENCE``."""
        return RunFolder(self.path).evidence()

    @property
    def kept(self) -> RunImages:
        return self._with(Verdict.KEEP, "kept")

    @property
    def dropped(self) -> RunImages:
        return self._with(Verdict.DROP, "dropped")

    @property
    def errors(self) -> RunImages:
        return self._with(Verdict.ERROR, "unreadable")

    @property
    def kept_paths(self) -> list[str]:
        """Where the kept images are: absolute paths of files; in a container its path with the name inside it.

        Images that were handed over in memory have their keys: the places of a list as nine digits.
        """
        return list(self._names(self.kept.rows))

    def __len__(self) -> int:
        """Images that have a verdict."""
        return int(self.verdicts.num_rows)

    def __bool__(self) -> bool:
        return True

    def __fspath__(self) -> str:
        """The run folder, for what takes a path."""
        return os.fspath(self.path)

    def to_pandas(self) -> Any:
        """``verdicts`` as a ``pandas.DataFrame``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return to_pandas(self.verdicts)

    def embeddings(self) -> Embeddings:
        """What the encoder made of the images: ids, rows and vectors. Images that need none have none.

        Many lie in a file without a name in the run folder, which is mapped into memory and goes with the array.

        Raises:
            RunFolderError: the run has no embeddings, or they are damaged.
        """
        from rfdedup.outputs.run_features import RunFeatures

        features = RunFeatures.of(self.path, self.info, len(self))
        rows = features.embedded()
        if not len(rows):
            raise RunFolderError(f"{self.path} has no embeddings: tier 3 did not run")
        held = HalfPrecision(self.path / FEATURES_FOLDER)
        parts = (rows[begin : begin + _BLOCK] for begin in range(0, len(rows), _BLOCK))
        held.extend((features.embeddings(part).astype(np.float32) for part in parts), len(rows))
        held.rows.flags.writeable = False
        return Embeddings(self._names(rows), rows, held.rows)

    def groups(self) -> Iterator[Group]:
        """Every king with its subjects, by group number."""
        places = pa.array(np.arange(len(self)))
        members = self.verdicts.append_column("row", places).filter(pc.is_valid(self.verdicts["group"]))
        return groups_of(members.sort_by("group"), self.path)

    def find_alike(
        self, image: Any, most: int = 20, *, encoder: str | Encoder | Callable[..., Any] | None = None
    ) -> pa.Table:
        """The images of the run that are most similar to a picture, best first, whether they were kept or dropped.

        All that have an embedding are searched. The first search writes an index, ``features/index.faiss``.

        Args:
            image: its path, the bytes of its file, a PIL image, or an array (h, w, 3) of uint8 in RGB.
            most: how many.
            encoder: of the run, where that may be code, which no run folder makes anybody load, or was handed over as
                an object or a function (with the same ``key``; needless for what ``refine`` just returned).

        Returns:
            Rows of ``verdicts``, with ``row`` (int64) and ``similarity`` (float64, cosine) appended.

        Raises:
            ImageError: it is no picture that can be read.
            RunFolderError: the run has no embeddings, or they are damaged.
            EncoderError: the encoder of the run cannot be used any more; or vectors were handed over in its place, and
                the picture is none of the run.
        """
        if most < 1:
            raise DataError(f"most = {most} is not at least 1")
        # the network and the index are for those who search
        from rfdedup.encoders.function import encoder_of
        from rfdedup.outputs.alike import AlikeSearch
        from rfdedup.outputs.run_features import RunFeatures
        from rfdedup.pipeline.pictures import bytes_of

        data = bytes_of(image)
        chosen = encoder if encoder is not None else self.encoder
        if chosen not in self._searches:
            features = RunFeatures.of(self.path, self.info, len(self))
            taken = encoder_of(chosen) if callable(chosen) else chosen
            self._searches[chosen] = AlikeSearch(self.path, self.info, features, taken)
        search, row = self._searches[chosen], self._without_encoder(data)
        alike = search.like_picture(data, most) if row is None else search.like_row(row, most, lambda: data)
        found = alike.found
        rows = pa.array([row for row, _ in found], pa.int64())
        table = self.verdicts.take(rows).append_column("row", rows)
        return table.append_column("similarity", pa.array([score for _, score in found], pa.float64()))

    def materialize(
        self,
        to: str | Path,
        as_: str = "same",
        *,
        shard_size: int | None = None,
        datasets: Sequence[str | Path] = (),
        dry_run: bool = False,
        progress: Progress | bool | None = None,
    ) -> CopySummary:
        """Write the images that are kept to a new place. The inputs are only read; see ``docs/materialize.md``.

        Args:
            to: folder of the copy: new, empty, or of a call with the same arguments that was cut off.
            as_: same, files, webdataset, parquet, hf, yolo, coco, imagefolder or manifest.
            shard_size: bytes of the images of a shard at most.
            datasets: COCO and YOLO files with labels of the images.
            dry_run: only plan.
            progress: is told how far the work is; True draws it, in notebooks too.

        Raises:
            RfdedupError: the target or the run folder cannot be used; the message says what to do.
        """
        from rfdedup.outputs.materialize import CopyRequest, Kind, materialize_run
        from rfdedup.outputs.materialize.service import SHARD_BYTES
        from rfdedup.runtime.drawn_progress import TerminalProgress

        if as_ not in tuple(Kind):
            raise ConfigError(f"as_ = {as_!r} is none of {', '.join(Kind)}")
        size = SHARD_BYTES if shard_size is None else shard_size
        if size < 1:
            raise ConfigError(f"shard_size = {size} is not at least 1")
        request = CopyRequest(Path(to), Kind(as_), size, tuple(map(Path, datasets)))
        if progress is True:
            with TerminalProgress() as drawn:
                return materialize_run(self.path, request, dry_run=dry_run, progress=drawn)
        return materialize_run(self.path, request, dry_run=dry_run, progress=progress or None)

    def _without_encoder(self, data: bytes) -> int | None:
        """Where nothing embeds a picture, because vectors were handed over: the row with its bytes, if there is one."""
        if (self.info.get("encoder") or {}).get("name") != NAME:
            return None
        place: int = pc.index(self.verdicts["sha256"], sha256(data)).as_py()
        return place if place >= 0 else None

    @cached_property
    def _searches(self) -> dict[Any, AlikeSearch]:
        """By the encoder that was named: network and index are loaded once."""
        return {}

    def summary(self) -> dict[str, Any]:
        """Counts by verdict, drops by tier, reason and kind, errors by kind; what ``run.json`` says of the rest."""
        names = [self.verdicts[name] for name in ("verdict", "tier", "reason")]
        joined = pc.binary_join_element_wise(*names, "\t", null_handling="replace", null_replacement="")
        counted: Counter[tuple[str, str, str]] = Counter()
        for entry in pc.value_counts(joined.combine_chunks()).to_pylist():
            verdict, tier, reason = entry["values"].split("\t")
            counted[verdict, tier, reason] += entry["counts"]
        dropped: dict[str, dict[str, int]] = {}
        for (verdict, tier, reason), count in sorted(counted.items(), key=lambda item: str(item[0])):
            if verdict == Verdict.DROP:
                dropped.setdefault(str(tier), {})[str(reason)] = count
        return {
            "images": self.verdicts.num_rows,
            "kept": sum(n for (v, _, _), n in counted.items() if v == Verdict.KEEP),
            "dropped": sum(n for (v, _, _), n in counted.items() if v == Verdict.DROP),
            "errors": sum(n for (v, _, _), n in counted.items() if v == Verdict.ERROR),
            "dropped_by": dropped,
            "errors_by": {str(r): n for (v, _, r), n in sorted(counted.items(), key=str) if v == Verdict.ERROR},
            "same": sameness(self.info),
            "drops_by_kind": self._kinds(),
            "tiers_for_duplicates": any(tier in dropped for tier in (Tier.PERCEPTUAL, Tier.SEMANTIC)),
            "scan": self.info.get("scan", {}),
            "encoder": self.info.get("encoder"),
            "stages": self.info.get("stages", []),
            "warnings": self.info.get("warnings", []),
        }

    def _kinds(self) -> dict[str, int]:
        """How many drops are copies, and how many of one moment; empty for runs of versions that did not say."""
        counted = pc.value_counts(self.verdicts["same"].drop_null().combine_chunks()).to_pylist()
        return {str(entry["values"]): int(entry["counts"]) for entry in sorted(counted, key=lambda e: str(e["values"]))}

    def _repr_html_(self) -> str:
        """Counts and the groups that deserve a look, as Jupyter shows them."""
        from rfdedup.outputs.report.notebook import run_html
        from rfdedup.storage.feature_store import previews_of

        return run_html(self.path, partial(previews_of, self.path))

    def __repr__(self) -> str:
        try:
            counted = Counter(self.verdicts["verdict"].to_pylist())
        except RunFolderError:
            return f"Run({str(self.path)!r}, which cannot be read)"
        said = ", ".join(f"{counted[verdict]:,} {word}" for verdict, word in _WORDS.items())
        return f"Run({str(self.path)!r}: {len(self):,} images: {said})"

    def _names(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
        """Names of rows, (n,) object; see ``kept_paths``."""
        from rfdedup.outputs.export import local_paths

        chosen = self.verdicts.select(["root", "path_bytes"]).take(pa.array(rows))
        roots, keys = (column.to_pylist() for column in chosen.columns)
        kept = {root: is_kept(root, self.path) for root in set(roots)}
        names = np.empty(len(rows), object)
        names[:] = [
            os.fsdecode(key) if kept[root] else path
            for root, key, path in zip(roots, keys, local_paths(chosen), strict=True)
        ]
        return names

    def _with(self, verdict: Verdict, what: str) -> RunImages:
        chosen = np.flatnonzero(pc.equal(self.verdicts["verdict"], str(verdict)).to_numpy())
        return RunImages(self.verdicts.take(pa.array(chosen)), chosen, self.path, what)
