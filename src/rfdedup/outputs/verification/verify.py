"""Verification: every drop of a run proved again, from the files themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rfdedup.comparison import ChangeLimits
from rfdedup.encoders import load_encoder
from rfdedup.encoders.base import Encoder
from rfdedup.encoders.run_encoder import config_of_run, trusted
from rfdedup.executors.base import Failure
from rfdedup.executors.choice import open_executor, worker_count
from rfdedup.executors.embedding import block_of, embed_items
from rfdedup.features.file_tasks import PrepareTask
from rfdedup.features.hashes import sha256
from rfdedup.features.measurement import measure
from rfdedup.features.settings import limits_of
from rfdedup.imaging import DecodeLimits
from rfdedup.metric.margins import MARGIN
from rfdedup.metric.whitening import describe_as
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import EncoderError, ImageError, RunFolderError
from rfdedup.model.evidence import Evidence
from rfdedup.model.faults import Fault
from rfdedup.model.items import Identity, Item
from rfdedup.model.schemas import Tier
from rfdedup.outputs.verification.collages import check_collages
from rfdedup.outputs.verification.drops import FileFinder, RecordedDrop, RecordedDrops
from rfdedup.outputs.verification.proofs import (
    Facts,
    disprove_comparison,
    disprove_exact,
    disprove_perceptual,
    disprove_quality,
)
from rfdedup.runtime.progress import Progress, Silent, Watch
from rfdedup.sources.finding import FoundFile
from rfdedup.sources.reading import read_stable
from rfdedup.stages.compare import CompareTask, Unreadable, change_limits, view_of
from rfdedup.storage.run_folder import RunFolder

MAX_LISTED = 10_000
"""Failures that are listed; further ones are counted."""
CHUNK = 16
"""Drops that travel to a worker together, with their kings."""
SLICE = 4096
"""Semantic drops whose embeddings are in memory at a time."""
Wanted = tuple[Item, str | None, bool]
ROUNDING = 1e-5
"""What the order of additions may change in a float32 cosine similarity, from one device to another."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A drop whose proof does not hold. ``reason`` is for machines, ``detail`` for people."""

    root: str
    path: str
    tier: str
    reason: str
    detail: str


@dataclass
class Verification:
    """What ``verify_run`` found.

    Attributes:
        checked: drops by tier.
        failed_count: drops whose proof failed.
        failed: the first ``MAX_LISTED`` of them.
    """

    checked: Counter[str] = field(default_factory=Counter)
    failed_count: int = 0
    failed: list[Failed] = field(default_factory=list)

    def fail(self, drop: RecordedDrop, reason: str, detail: str) -> None:
        self.failed_count += 1
        if len(self.failed) < MAX_LISTED:
            self.failed.append(Failed(drop.root, drop.path, drop.tier, reason, detail))


@dataclass(frozen=True)
class ProofTask:
    """What a worker reads of one file: its SHA-256, and all of pass 1 where that is asked for and the file is the same.

    It is given the file, the SHA-256 that the run noted, and whether to measure.
    """

    limits: DecodeLimits
    scale: Literal["640", "native"]

    def __call__(self, wanted: Wanted) -> Facts | Fault:
        file, noted, everything = wanted
        try:
            data = read_stable(file, self.limits)
            digest = sha256(data)
            if not everything or digest != noted:
                return {"sha256": digest}
            return asdict(measure(data, scale=self.scale, limits=self.limits))
        except ImageError as error:
            return error.kind, error.detail


@dataclass(frozen=True)
class SizedCompareTask:
    """A comparison made again, with width and height of the first of both pictures."""

    limits: DecodeLimits
    bounds: ChangeLimits

    def __call__(self, pair: tuple[Item, Item]) -> tuple[Evidence, tuple[int, int]] | Unreadable:
        found = CompareTask(self.limits, self.bounds)(pair)
        if isinstance(found, Unreadable):
            return found
        view = view_of(pair[0], self.limits)
        return found, (view.width, view.height)


def verify_run(
    run: str | Path,
    *,
    encoder: str | Encoder | None = None,
    weights: str | Path | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Compute every drop again from the files and compare it with what the run noted.

    Exact drops by the SHA-256 of both files, quality ones by their measurements, and all that a comparison of pictures
    decided by comparing them again. Of runs where nobody compared pictures, perceptual drops by hashes and thumbnails
    of both, semantic ones by embeddings of both: in the precision of the run, and in float32 where that is within its
    error of the threshold or does not confirm the drop. Each king must be kept and unchanged. Files that
    ``apply`` moved are read at their new places. The tables are held in memory, pictures and embeddings a slice at a
    time.

    Args:
        run: a finished run folder.
        encoder, weights: in place of those that ``run.json`` names, if they moved; they must be the same by content.
            An encoder object that was given to the run is given here again.
        progress: is told how far the work is.

    Raises:
        RunFolderError: the run folder is not finished, or damaged.
        ConfigError: it names an encoder file that could hold code, and ``encoder`` does not repeat it.
        EncoderError: the encoder of the run cannot be loaded.
    """
    folder = RunFolder.open(Path(run))
    info = folder.info()
    config = config_of_run(info)
    watch = Watch(progress if progress is not None else Silent())
    result = Verification()
    recorded = RecordedDrops(folder)
    if not recorded.drops:
        return result
    with FileFinder.of(folder, recorded.members) as places:
        semantic, compared = _read_files(recorded, places, config, watch, result)
        if len(compared):
            _compare_again(recorded, compared, places, config, watch, result)
            collages = [row for row in compared.tolist() if (recorded.drop(row).evidence or {}).get("others")]
            if collages:
                check_collages(recorded, collages, places, config, watch, result)
        if len(semantic):
            prover = _Prover(info, folder.features, config, watch, encoder, weights)
            for start in range(0, len(semantic), SLICE):
                prover.check([recorded.drop(row) for row in semantic[start : start + SLICE]], places, result)
    return result


def _read_files(
    recorded: RecordedDrops, places: FileFinder, config: RunConfig, watch: Watch, result: Verification
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Check what the bytes and measurements of files tell.

    Returns:
        rows that embeddings, and rows that comparisons of pictures have to prove; their files are as the run saw them.
    """
    waiting: list[int] = []
    pictures: list[int] = []

    def chunks() -> Iterator[tuple[tuple[list[RecordedDrop], list[FoundFile]], list[Wanted]]]:
        drops = recorded.drops
        for start in range(0, len(drops), CHUNK):
            found: dict[Identity, FoundFile] = {}
            ready: list[RecordedDrop] = []
            noted: dict[Identity, str | None] = {}
            whole: set[Identity] = set()
            for drop in map(recorded.drop, drops[start : start + CHUNK]):
                result.checked[drop.tier] += 1
                if drop.defect is not None:
                    result.fail(drop, *drop.defect)
                    continue
                noted[drop.key] = drop.sha256
                if drop.king is not None:
                    noted[drop.king.key] = drop.king.sha256
                for key in drop.keys:
                    if key not in found:
                        found[key] = places.find(*key)
                    if drop.tier in (Tier.QUALITY, Tier.PERCEPTUAL) and not drop.by_pictures:
                        whole.add(key)
                ready.append(drop)
            items = [(p.file, noted[p.key], p.key in whole) for p in found.values() if p.file is not None]
            # those that can be read come first, as their results do
            yield (ready, sorted(found.values(), key=lambda place: place.file is None)), items

    with watch.stage("verify", len(recorded.drops)):
        task = ProofTask(limits_of(config), config.quality.scale)
        with open_executor(config) as executor:
            for done in executor.run(task, chunks(), items=len(recorded.drops)):
                ready, looked_at = done.tag
                facts: dict[Identity, Facts | Fault] = {}
                for at, place in enumerate(looked_at):
                    outcome = done.results[at] if place.file is not None else place.problem
                    facts[place.key] = (outcome.kind, outcome.detail) if isinstance(outcome, Failure) else outcome
                for drop in ready:
                    problem = _disprove(drop, facts, config)
                    if problem is not None:
                        result.fail(drop, *problem)
                    elif drop.by_pictures:
                        pictures.append(drop.row)
                    elif drop.tier == Tier.SEMANTIC:
                        waiting.append(drop.row)
                watch.advance(len(ready))
    return np.sort(np.array(waiting, np.int64)), np.sort(np.array(pictures, np.int64))


def _compare_again(
    recorded: RecordedDrops,
    rows: npt.NDArray[np.int64],
    places: FileFinder,
    config: RunConfig,
    watch: Watch,
    result: Verification,
) -> None:
    """Lay each picture over that of its king once more."""

    def chunks() -> Iterator[tuple[list[RecordedDrop], list[tuple[Item, Item]]]]:
        for start in range(0, len(rows), CHUNK):
            ready, items = [], []
            for drop in map(recorded.drop, rows[start : start + CHUNK].tolist()):
                mine, theirs = (places.find(*key).file for key in drop.keys)
                if mine is None or theirs is None:
                    result.fail(drop, "missing", "it or its king went away while the run was verified")
                else:
                    ready.append(drop)
                    items.append((mine, theirs))
            yield ready, items

    task = SizedCompareTask(limits_of(config), change_limits(config))
    with watch.stage("verify pictures", len(rows)), open_executor(config) as executor:
        for done in executor.run(task, chunks(), items=len(rows)):
            for drop, outcome in zip(done.tag, done.results, strict=True):
                if isinstance(outcome, Failure):
                    result.fail(drop, outcome.kind, outcome.detail)
                elif isinstance(outcome, Unreadable):
                    who = "" if outcome.end == 0 else "king-"
                    result.fail(drop, f"{who}{outcome.fault[0]}", outcome.fault[1])
                elif problem := disprove_comparison(drop, *outcome):
                    result.fail(drop, *problem)
            watch.advance(len(done.results))


def _disprove(drop: RecordedDrop, facts: dict[Identity, Facts | Fault], config: RunConfig) -> Fault | None:
    """Why a drop is not proved by the bytes of its files; None where it is, as far as bytes tell."""
    mine = facts[drop.key]
    if isinstance(mine, tuple):
        return mine
    if mine["sha256"] != drop.sha256:
        return "changed", "its bytes are not those that the run read"
    if drop.king is None:
        return disprove_quality(drop, mine, config.quality)
    theirs = facts[drop.king.key]
    if isinstance(theirs, tuple):
        return f"king-{theirs[0]}", f"its king {drop.king.path}: {theirs[1]}"
    if theirs["sha256"] != drop.king.sha256:
        return "king-changed", f"the bytes of its king {drop.king.path} are not those that the run read"
    if drop.tier == Tier.EXACT:
        return disprove_exact(drop, mine, theirs)
    if drop.tier == Tier.PERCEPTUAL and not drop.by_pictures:
        return disprove_perceptual(drop, mine, theirs, config.hash.radius)
    return None


class _Prover:
    """Embeds pairs again, in the precision of the run and in float32."""

    def __init__(
        self,
        info: dict[str, Any],
        features: Path,
        config: RunConfig,
        watch: Watch,
        encoder: str | Encoder | None,
        weights: str | Path | None,
    ) -> None:
        facts = info.get("encoder")
        if not isinstance(facts, dict) or not isinstance(facts.get("threshold"), float):
            raise RunFolderError("run.json does not name the encoder of its semantic drops: run the command again")
        self.config = config
        self.watch = watch
        self.threshold = float(facts["threshold"])
        self._name: str | Encoder
        if encoder is None or isinstance(encoder, str):
            self._name = trusted(config, encoder).semantic.encoder
        else:
            self._name = encoder
        self._weights = weights or config.semantic.weights
        self.precision = str(facts.get("precision"))
        self.margin = MARGIN.get(self.precision, max(MARGIN.values()))
        self._exact: Encoder | None = None
        self._fast = self._load(self.precision)
        if self._fast.key != facts.get("key"):
            raise EncoderError(
                f"the run was made with encoder {facts.get('key')}, here is {self._fast.key}: "
                "give the same one by --encoder and --weights"
            )
        self._describe = describe_as(features, facts, self._fast.card)

    def _load(self, precision: str) -> Encoder:
        if not isinstance(self._name, str):
            return load_encoder(self._name)
        wanted = self.config.semantic
        load = partial(load_encoder, self._name, weights=self._weights, **wanted.encoder_options)
        try:
            return load(device=wanted.device, precision=precision)
        except EncoderError:
            # another machine than that of the run: any device will do, and float32 decides in the end
            return load(device="auto", precision="fp32")

    def check(self, recorded: list[RecordedDrop], places: FileFinder, result: Verification) -> None:
        """Check one slice of semantic drops whose files are unchanged."""
        open_drops = []
        for drop, score in self._scores(self._fast, recorded, places, result):
            # within its error of the threshold, the run itself decided in float32
            sure = abs(drop.score - self.threshold) > self.margin and score - self.threshold > self.margin
            if self._fast.precision != "fp32" and not (sure and abs(score - drop.score) <= self.margin):
                open_drops.append(drop)
            else:
                self._judge(drop, score, result)
        if open_drops:
            self._exact = self._exact or self._load("fp32")
            for drop, score in self._scores(self._exact, open_drops, places, result):
                self._judge(drop, score, result)

    def _judge(self, drop: RecordedDrop, score: float, result: Verification) -> None:
        close = abs(drop.score - self.threshold) <= self.margin
        allowed = MARGIN["fp32"] if close else max(self.margin, MARGIN["fp32"])
        if drop.threshold != self.threshold:
            result.fail(drop, "threshold", f"noted with the bound {drop.threshold}, the run's is {self.threshold}")
        elif score < self.threshold - ROUNDING:
            result.fail(drop, "not-proven", f"cosine similarity {score:.5f}, below {self.threshold}")
        elif not abs(score - drop.score) <= allowed:
            result.fail(drop, "score", f"cosine similarity {score:.5f}, the run noted {drop.score:.5f}")

    def _scores(
        self, encoder: Encoder, recorded: list[RecordedDrop], places: FileFinder, result: Verification
    ) -> list[tuple[RecordedDrop, float]]:
        """Cosine similarity of each claim to its king; claims whose files cannot be read again fail."""
        looked_at = {key: places.find(*key) for drop in recorded for key in drop.keys}
        faults: dict[Identity, Fault] = {key: place.problem for key, place in looked_at.items() if place.file is None}
        files = {key: place.file for key, place in looked_at.items() if place.file is not None}
        number = {key: i for i, key in enumerate(files)}
        keys = list(files)
        vectors = np.zeros((len(files), encoder.dim), np.float32)
        spec = encoder.card.input
        block = block_of(encoder, spec.shape, worker_count(self.config))
        task = PrepareTask(limits_of(self.config), spec)
        with self.watch.stage("verify embeddings", len(files)), open_executor(self.config) as executor:
            found = embed_items(executor, task, list(files.values()), encoder, block, len(files))
            for at, values, broken in found:
                self.watch.advance(len(at) + len(broken))
                vectors[at] = values
                faults |= {keys[i]: fault for i, fault in broken.items()}
        described = self._describe(vectors).astype(np.float64)
        scores = []
        for drop in recorded:
            mine, theirs = drop.keys
            if mine in faults:
                result.fail(drop, *faults[mine])
            elif theirs in faults:
                result.fail(drop, f"king-{faults[theirs][0]}", faults[theirs][1])
            else:
                scores.append((drop, float(described[number[mine]] @ described[number[theirs]])))
        return scores
