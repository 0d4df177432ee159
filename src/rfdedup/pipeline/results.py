"""The result of a run as Python sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.errors import ConfigError, DataError
from rfdedup.model.schemas import Tier, Verdict
from rfdedup.storage.run_folder import RunFolder, sameness

if TYPE_CHECKING:
    from rfdedup.outputs.alike import AlikeSearch
    from rfdedup.outputs.materialize import CopySummary
    from rfdedup.runtime.progress import Progress


@dataclass(frozen=True)
class Group:
    """One king and its subjects, as rows of ``verdicts``."""

    number: int
    king: dict[str, Any]
    subjects: list[dict[str, Any]]


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder when asked."""

    path: Path

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
    def kept(self) -> pa.Table:
        return self._with(Verdict.KEEP)

    @property
    def dropped(self) -> pa.Table:
        return self._with(Verdict.DROP)

    @property
    def errors(self) -> pa.Table:
        return self._with(Verdict.ERROR)

    def groups(self) -> Iterator[Group]:
        """Every king with its subjects, by group number."""
        members = self.verdicts.filter(pc.is_valid(self.verdicts["group"])).sort_by("group")
        rows: list[dict[str, Any]] = []
        for row in members.to_pylist():
            if rows and rows[0]["group"] != row["group"]:
                yield _group(rows)
                rows = []
            rows.append(row)
        if rows:
            yield _group(rows)

    def find_alike(self, image: str | Path | bytes, most: int = 20, *, encoder: str | None = None) -> pa.Table:
        """The images of the run that are most similar to a picture, best first, whether they were kept or dropped.

        All that have an embedding are searched. The first search writes an index, ``features/index.faiss``.

        Args:
            image: its path, or the bytes of its file.
            most: how many.
            encoder: of the run, where that may be code, which no run folder makes anybody load.

        Returns:
            Rows of ``verdicts``, with ``row`` (int64) and ``similarity`` (float64, cosine) appended.

        Raises:
            ImageError: it is no picture that can be read.
            RunFolderError: the run has no embeddings, or they are damaged.
            EncoderError: the encoder of the run cannot be used any more.
        """
        if most < 1:
            raise DataError(f"most = {most} is not at least 1")
        # the network and the index are for those who search
        from rfdedup.outputs.alike import AlikeSearch, read_image
        from rfdedup.outputs.run_features import RunFeatures

        data = image if isinstance(image, bytes) else read_image(image, follow=True)
        if encoder not in self._searches:
            features = RunFeatures.of(self.path, self.info, self.verdicts.num_rows)
            self._searches[encoder] = AlikeSearch(self.path, self.info, features, encoder)
        found = self._searches[encoder].like_picture(data, most).found
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
        progress: Progress | None = None,
    ) -> CopySummary:
        """Write the images that are kept to a new place. The inputs are only read; see ``docs/materialize.md``.

        Args:
            to: folder of the copy: new, empty, or of a call with the same arguments that was cut off.
            as_: same, files, webdataset, parquet, hf, yolo, coco, imagefolder or manifest.
            shard_size: bytes of the images of a shard at most.
            datasets: COCO and YOLO files with labels of the images.
            dry_run: only plan.
            progress: is told how far the work is.

        Raises:
            RfdedupError: the target or the run folder cannot be used; the message says what to do.
        """
        from rfdedup.outputs.materialize import CopyRequest, Kind, materialize_run
        from rfdedup.outputs.materialize.service import SHARD_BYTES

        if as_ not in tuple(Kind):
            raise ConfigError(f"as_ = {as_!r} is none of {', '.join(Kind)}")
        size = SHARD_BYTES if shard_size is None else shard_size
        if size < 1:
            raise ConfigError(f"shard_size = {size} is not at least 1")
        request = CopyRequest(Path(to), Kind(as_), size, tuple(map(Path, datasets)))
        return materialize_run(self.path, request, dry_run=dry_run, progress=progress)

    @cached_property
    def _searches(self) -> dict[str | None, AlikeSearch]:
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

    def _with(self, verdict: Verdict) -> pa.Table:
        return self.verdicts.filter(pc.equal(self.verdicts["verdict"], str(verdict)))


def _group(rows: list[dict[str, Any]]) -> Group:
    king = next(row for row in rows if row["verdict"] == Verdict.KEEP)
    return Group(king["group"], king, [row for row in rows if row is not king])
