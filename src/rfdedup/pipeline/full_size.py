"""Full-size looks at near-duplicates of different sizes, where only these tell an enlargement from an original.

Pass 1 decodes large JPEGs reduced. An enlarged copy that is reduced again looks as fine as its original, so where the
reduction hides what the rank needs to know, both pictures are decoded whole. Sets of one size never need it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.executors.base import Failure
from rfdedup.executors.choice import open_executor
from rfdedup.features.file_tasks import FullSize, FullSizeTask
from rfdedup.features.settings import limits_of
from rfdedup.keepers.rank import in_doubt
from rfdedup.model.config import RunConfig
from rfdedup.model.faults import Fault, Faults
from rfdedup.model.image_set import ImageSet
from rfdedup.model.items import Item
from rfdedup.model.links import Links
from rfdedup.runtime.progress import Watch
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.second_looks import FULLSCALE_FILE, remember, remembered

Rows = npt.NDArray[np.int64]

_KEY = "fineness, content"
FILES_A_SHARD = 32
"""Files that travel to a worker together."""
_VALUES = 2
"""What is remembered of a picture: fineness and content."""


@dataclass
class FullScale:
    """Replaces measurements of reduced pictures by those of whole ones where the rank is in doubt."""

    image_set: ImageSet
    store: FeatureStore
    config: RunConfig
    watch: Watch
    _known: dict[str, npt.NDArray[np.float32]] | None = None
    _asked: tuple[Links, Rows] | None = None
    """The links that were asked about last, and the rows that they leave in doubt."""

    def look(self, links: Links) -> Faults:
        """Measure at full size what ``links`` call for; faults of files that could not be read again."""
        rows = self._in_doubt(links)
        return self._measure(rows) if len(rows) else {}

    def refined(self, links: Links) -> pa.Table:
        """The features with ``fineness``, ``content`` and ``seen`` at full size wherever ``links`` call for it.

        ``look`` has been asked about these links, or about more, and found no fault with their files.
        """
        features = self.image_set.features
        rows = self._in_doubt(links)
        if not len(rows):
            return features
        known = self._remembered()
        values = np.stack([known[digest] for digest in self._digests(rows)]).astype(np.float64)
        for name, column in (("fineness", values[:, 0]), ("content", values[:, 1]), ("seen", self._sides(rows))):
            place = features.schema.get_field_index(name)
            kind = features.schema.field(place)
            whole = features[name].to_numpy().copy()
            whole[rows] = column
            # null becomes NaN on the way to numpy and comes back
            features = features.set_column(place, kind, pa.array(whole, from_pandas=True).cast(kind.type))
        return features

    def _sides(self, rows: Rows) -> npt.NDArray[np.int64]:
        sides = [self.image_set.features[name].to_numpy()[rows] for name in ("width", "height")]
        return np.asarray(np.maximum(*sides), np.int64)

    def _in_doubt(self, links: Links) -> Rows:
        if self._asked is None or self._asked[0] is not links:
            self._asked = links, in_doubt(self.image_set.features, links)
        return self._asked[1]

    def _digests(self, rows: Rows) -> npt.NDArray[np.object_]:
        whole: npt.NDArray[np.object_] = self.image_set.features["sha256"].to_numpy(zero_copy_only=False)
        return whole[rows]

    def _remembered(self) -> dict[str, npt.NDArray[np.float32]]:
        """Fineness and content, (2,), by content, as the run folder remembers them."""
        if self._known is None:
            self._known = remembered(self.store, FULLSCALE_FILE, _KEY, _VALUES)
        return self._known

    def _measure(self, rows: Rows) -> Faults:
        known = self._remembered()
        missing = rows[_first_of_each(self._digests(rows), known)]
        faults: Faults = {}
        if len(missing):
            digests = self._digests(missing)
            with self.watch.stage("full size", len(missing)):
                try:
                    for at, result in look_again([self.image_set.files[i] for i in missing], self.config, self.watch):
                        if isinstance(result, FullSize):
                            known[digests[at]] = np.array([result.fineness, result.content], np.float32)
                        else:
                            faults[int(missing[at])] = result
                finally:
                    remember(self.store, FULLSCALE_FILE, _KEY, known)
        return faults


def _first_of_each(sha256: Iterable[str], known: dict[str, npt.NDArray[np.float32]]) -> Rows:
    """Positions of contents that are not known, each once."""
    seen = set(known)
    missing = []
    for i, digest in enumerate(sha256):
        if digest not in seen:
            seen.add(digest)
            missing.append(i)
    return np.array(missing, np.int64)


def look_again(files: Sequence[Item], config: RunConfig, watch: Watch) -> Iterator[tuple[int, FullSize | Fault]]:
    """What is measured at full size, or the fault, of each of ``files``, by position, as they come."""
    shards = ((i, list(files[i : i + FILES_A_SHARD])) for i in range(0, len(files), FILES_A_SHARD))
    with open_executor(config) as executor:
        for done in executor.run(FullSizeTask(limits_of(config)), shards, items=len(files)):
            for at, result in enumerate(done.results, done.tag):
                yield at, (result.kind, result.detail) if isinstance(result, Failure) else result
            watch.advance(len(done.results))
