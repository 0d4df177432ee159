"""Which whitening a set of images gets: the encoder's prior, the prior pooled with the set, the set's own, or none.

Measured by ``bench/descriptor.py``: a prior that has seen images of the kind needs no help, and one that has not
puts all of them close together (mean similarity 0.28 for cars, against 0.00 to 0.01), which a hundred of the set's
own distinct images cure. The decision is stored in the run folder and stays when images are added.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.base import ModelCard
from rfdedup.metric.descriptor import DAMAGED, Matrix, Whitening, unit, whiten
from rfdedup.metric.priors import prior_facts, prior_of
from rfdedup.metric.statistics import Statistics, mean_similarity, pooled, statistics, statistics_of
from rfdedup.model.errors import RunFolderError
from rfdedup.storage.files import atomic_write, open_regular, parse_json

Source = Literal["none", "prior", "pooled", "own"]

FILE = "whitening.npz"
"""Its name in the features folder of a run."""
DIM = 512
SHRINKAGE = 1e-3
UNLIKE = 0.1
"""Mean similarity of distinct images, whitened by the prior, above which the set is unlike what the prior has seen."""
OWN_WEIGHT = 4.0
"""What one of the set's own images counts when it is pooled with a prior that is unlike it, in images of the prior."""
LEAST_POOLED = 25
"""Distinct images from which pooling improves a prior that is unlike the set."""
LEAST_OWN = 2000
"""Distinct images, and at least twice the dimension, from which a fit on the set alone takes the place of raw
embeddings. It ranks pairs better from half the dimension on, but spreads the images that it was fitted on more than
any others: the tail of those says nothing of images to come, and half of too few bends the fit that they are told by.
"""
SAME_WHITENED = 0.8
SAME_RAW = 0.92
"""Images closer than this count once: copies and neighbouring frames are, two photos of like things hardly ever."""
MOST = 8192
"""Images that a fit on the set alone looks at, which covers its dimensions several times."""
FEW = 512
"""Images that tell whether a prior fits, and that are pooled with it: they may be embedded again in float32. Of 4,000
mosaics of few photos (``bench/pictures.py``) a threshold told from 512 dropped 1 wrongly, from 256 it dropped 21."""
SHARE = 64
"""One image in so many is looked at where that is more than ``FEW``: it costs large sets little and tells rarer pairs.
"""
SAMPLE = 1024
"""The most that are looked at."""
ENOUGH = 128
"""Distinct images up to which more are looked at than ``FEW``: frames of films are many and show little."""
PARTS = 4
"""Of the images that tell a threshold for the transform that was fitted on all of them. With two, a transform of so few
shows pairs closer than they are by that of all; with eight, each part has too few pairs (``bench/descriptor.py``)."""
LEVEL = 0.1
"""The share of all pairs that may lie below the similarity that a set shares: copies among it only add high ones."""
LEAST_LEVEL = 30
"""Images from which it is told: few may all be copies of one."""
CLEAR = 0.02
"""Mean similarities this far below ``UNLIKE`` are below it in every precision."""
_BLOCK = 512


@dataclass(frozen=True)
class WhiteningChoice:
    """How the embeddings of a set are made comparable.

    ``whitening`` is None for raw embeddings; ``images`` are the set's own distinct images in the fit; ``reason`` says
    in words why it was chosen. What is not ``settled`` was chosen for want of images, and more of them may change it.
    ``level`` is the similarity that all of them share, where a prior stays that puts them close together; else 0.
    """

    source: Source
    whitening: Whitening | None
    images: int
    reason: str
    settled: bool = True
    level: float = 0.0

    @property
    def descriptor(self) -> Literal["raw", "whitened"]:
        return "raw" if self.whitening is None else "whitened"

    @property
    def describe(self) -> Callable[[npt.NDArray[Any]], Matrix]:
        """Embeddings (n, d) to descriptors of unit length, (n, k) float32."""
        return unit if self.whitening is None else self.whitening.apply

    def as_dict(self) -> dict[str, Any]:
        """Plain values. ``transform`` is the SHA-256 of one that was fitted, for it is in the run folder alone."""
        fitted = self.whitening is not None and self.source in _FITTED
        transform = _digest(self.whitening) if self.whitening is not None and fitted else None
        return {"source": self.source, "images": self.images, "reason": self.reason, "transform": transform}


_FITTED = ("pooled", "own")


def _digest(whitening: Whitening) -> str:
    arrays = (np.ascontiguousarray(array, np.float32) for array in (whitening.mean, whitening.projection))
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


@dataclass(frozen=True)
class Prior:
    """What ships with an encoder: a transform, and how many images and which shrinkage made it."""

    whitening: Whitening
    images: int
    shrinkage: float


def full_prior_of(card: ModelCard) -> Prior | None:
    """The shipped transform of an encoder with what it was fitted on, or None."""
    whitening, facts = prior_of(card), prior_facts(card.name)
    if whitening is None or facts is None:
        return None
    return Prior(whitening, int(facts["images"]), float(facts["shrinkage"]))


RAW = WhiteningChoice("none", None, 0, "raw embeddings were asked for")


def _prior_statistics(prior: Prior) -> Statistics:
    return statistics_of(prior.whitening, prior.images, prior.shrinkage)


def fit(of: Statistics) -> Whitening:
    """The whitening that ``of`` calls for."""
    return whiten(of.mean, of.factor, of.floor, dim=DIM, shrinkage=SHRINKAGE)


def one_of_each(descriptors: Matrix, similarity: float) -> npt.NDArray[np.int64]:
    """Rows of which no two are as close as ``similarity``: taken in order, each that no earlier one covers.

    So a video gives a few frames however long it is.
    """
    chosen = np.zeros(0, np.int64)
    for start in range(0, len(descriptors), _BLOCK):
        block = descriptors[start : start + _BLOCK]
        covered: npt.NDArray[np.bool_] = np.any(block @ descriptors[chosen].T >= similarity, axis=1)
        near = block @ block.T >= similarity
        fresh = []
        for i in range(len(block)):
            if not covered[i]:
                fresh.append(start + i)
                covered |= near[i]
        chosen = np.concatenate([chosen, np.array(fresh, np.int64)])
    return chosen


def least_own(dim: int) -> int:
    """Distinct images that a fit on the set alone needs, for embeddings of ``dim``."""
    return max(LEAST_OWN, 2 * dim)


def shared_similarity(descriptors: Matrix) -> float:
    """The similarity that nearly all pairs of rows of unit length (n, k) reach; 0 where too few tell or none do."""
    n = len(descriptors)
    if n < LEAST_LEVEL:
        return 0.0
    pairs = (descriptors @ descriptors.T)[np.triu_indices(n, 1)]
    return max(float(np.quantile(pairs, LEVEL)), 0.0)


@dataclass(frozen=True)
class Look:
    """What the first images of a set show.

    Attributes:
        embeddings: (n, d) of those that were looked at.
        distinct: rows of those of which no two are copies.
        apart: mean similarity of the distinct ones by the prior: how alike they look to it.
    """

    embeddings: npt.NDArray[np.floating]
    distinct: npt.NDArray[np.int64]
    apart: float


def sample_sizes(images: int) -> list[int]:
    """How many of a set of ``images`` are looked at, and then, while too few of them are distinct."""
    most = min(images, SAMPLE)
    sizes = [min(max(FEW, images // SHARE), most)]
    while sizes[-1] < most:
        sizes.append(min(2 * sizes[-1], most))
    return sizes


def look_at(prior: Prior, sizes: list[int], embeddings: Callable[[npt.NDArray[np.int64]], npt.NDArray[Any]]) -> Look:
    """Look at the first of ``sizes``, and at more where few are distinct; ``embeddings`` gives those of rows."""
    looks = (_look(prior, embeddings(np.arange(size))) for size in sizes)
    found = next(looks)
    while len(found.distinct) < ENOUGH and (more := next(looks, None)) is not None:
        found = more
    return found


def choose(
    embeddings: npt.NDArray[np.floating],
    prior: Prior | None,
    *,
    images: int | None = None,
    again: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.floating]] | None = None,
) -> WhiteningChoice:
    """Choose the whitening of a set.

    Args:
        embeddings: (n, d) of different files, in an order that depends on their contents alone; the first ``SAMPLE``
            count where there is a prior, else the first ``MOST``.
        prior: the encoder's, or None.
        images: of the whole set, where ``embeddings`` are of its first images only.
        again: gives more exact embeddings of rows of ``embeddings``, for a choice that does not depend on the
            precision of the run; asked only where there is a prior that does not clearly fit.
    """
    if prior is None:
        return _own(embeddings[:MOST])
    sizes = sample_sizes(len(embeddings) if images is None else images)
    # of every size, since more exact embeddings may differ in what is distinct, and so in the size that counts
    rough = [_look(prior, embeddings[:size]) for size in sizes]
    found = rough[-1]
    if again is None or max(one.apart for one in rough) > UNLIKE - CLEAR:
        found = look_at(prior, sizes, (lambda rows: embeddings[rows]) if again is None else again)
    distinct, apart = found.distinct, found.apart
    if apart <= UNLIKE:
        settled = len(distinct) >= LEAST_POOLED
        return WhiteningChoice("prior", prior.whitening, 0, "the encoder's prior fits these images", settled)
    if len(distinct) < LEAST_POOLED:
        few = (
            f"unlike the encoder's prior (mean similarity {apart:.2f}), but {len(distinct)} distinct images are too "
            f"few to adapt it, which takes {LEAST_POOLED}"
        )
        level = shared_similarity(prior.whitening.apply(found.embeddings))
        return WhiteningChoice("prior", prior.whitening, 0, few, settled=False, level=level)
    own = statistics(found.embeddings[distinct])
    reason = f"unlike the encoder's prior (mean similarity {apart:.2f}); {len(distinct)} distinct images pooled with it"
    return WhiteningChoice("pooled", fit(pooled(_prior_statistics(prior), own, OWN_WEIGHT)), len(distinct), reason)


def _look(prior: Prior, x: npt.NDArray[np.floating]) -> Look:
    described = prior.whitening.apply(x)
    distinct = one_of_each(described, SAME_WHITENED)
    return Look(x, distinct, mean_similarity(described[distinct]))


def _own(x: npt.NDArray[np.floating]) -> WhiteningChoice:
    least = least_own(x.shape[1])
    distinct = one_of_each(unit(x), SAME_RAW)
    if len(distinct) < least:
        few = f"{len(distinct)} distinct images; a whitening of their own takes {least}"
        return WhiteningChoice("none", None, 0, few, settled=False)
    reason = f"fitted on {len(distinct)} distinct images of this set"
    return WhiteningChoice("own", fit(statistics(x[distinct])), len(distinct), reason)


def held_out(
    choice: WhiteningChoice, embeddings: npt.NDArray[np.floating], prior: Prior | None
) -> tuple[Callable[[npt.NDArray[Any]], Matrix], npt.NDArray[np.int64]]:
    """A transform of the chosen kind, and rows of ``embeddings`` (n, d) that it has not seen: they tell a threshold.

    Where ``choice`` was fitted on ``embeddings``, every other row makes such a transform and the rest are returned;
    else it is that of ``choice`` and all rows.
    """
    if choice.source not in _FITTED:
        return choice.describe, np.arange(len(embeddings))
    rows = np.arange(min(len(embeddings), MOST))
    seen = rows[::2]
    if prior is not None:
        # more of them would adapt it further than the choice is adapted
        seen = seen[: choice.images]
    return _fitted_on(embeddings[seen], choice, prior).apply, rows[1::2]


def parts(
    choice: WhiteningChoice, embeddings: npt.NDArray[np.floating], prior: Prior, number: int = PARTS
) -> list[Matrix]:
    """Descriptors of every ``number``-th row of ``embeddings`` (n, d), each part's by a transform of the others.

    So all rows are unseen, and no pair is of rows that were described differently.
    """
    part = np.arange(len(embeddings)) % number
    return [_fitted_on(embeddings[part != one], choice, prior).apply(embeddings[part == one]) for one in range(number)]


def _fitted_on(seen: npt.NDArray[np.floating], choice: WhiteningChoice, prior: Prior | None) -> Whitening:
    """A transform of the kind of ``choice``, fitted on other images."""
    own = statistics(seen[one_of_each(choice.describe(seen), SAME_WHITENED)])
    return fit(own if prior is None else pooled(_prior_statistics(prior), own, OWN_WEIGHT))


def save(path: Path, key: str, choice: WhiteningChoice, notes: dict[str, Any]) -> None:
    """Freeze a choice made for the encoder ``key``, with ``notes`` in plain values."""
    about = {
        "key": key,
        "source": choice.source,
        "images": choice.images,
        "reason": choice.reason,
        "settled": choice.settled,
        "notes": notes,
    }
    arrays: dict[str, Any] = {}
    # the prior ships with the encoder and is part of what its key stands for
    if choice.whitening is not None and choice.source in _FITTED:
        arrays = {"mean": choice.whitening.mean, "projection": choice.whitening.projection}
    buffer = io.BytesIO()
    np.savez(buffer, about=np.array(json.dumps(about)), **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as stream:
        stream.write(buffer.getbuffer())


def load(path: Path, key: str, prior: Prior | None, dim: int) -> tuple[WhiteningChoice, dict[str, Any]] | None:
    """The frozen choice and its notes; None where there is none, or it was made for another encoder.

    Args:
        dim: of the encoder's embeddings.

    Raises:
        RunFolderError: the file is damaged.
    """
    try:
        with open_regular(path) as stream, np.load(stream, allow_pickle=False) as arrays:
            about = parse_json(str(arrays["about"]))
        if about["key"] != key:
            return None
        source, notes = about["source"], about["notes"]
        if source not in ("none", "prior", *_FITTED) or not isinstance(notes, dict):
            raise ValueError(f"a whitening of source {source!r}")
        whitening = None
        if source == "prior":
            if prior is None:
                return None
            whitening = prior.whitening
        elif source in _FITTED:
            whitening = Whitening.load(path)
            if len(whitening.mean) != dim:
                raise ValueError(f"a transform of {len(whitening.mean)} dimensions for embeddings of {dim}")
        return WhiteningChoice(
            source, whitening, int(about["images"]), str(about["reason"]), bool(about["settled"])
        ), notes
    except FileNotFoundError:
        return None
    except (*DAMAGED, TypeError, AttributeError) as error:
        raise RunFolderError(f"{path} is damaged ({error}); remove it and run the same command again") from None


def key_of(encoder_key: str, descriptor: str) -> str:
    """What a frozen choice is for: the encoder, and whether raw embeddings were asked for."""
    return f"{encoder_key}/{'raw' if descriptor == 'raw' else 'whitened'}"


def describe_as(features: Path, facts: dict[str, Any], card: ModelCard) -> Callable[[npt.NDArray[Any]], Matrix]:
    """How a finished run compared embeddings.

    Args:
        features: the features folder of the run.
        facts: what its ``run.json`` says of the encoder.
        card: of the encoder, loaded again.

    Raises:
        RunFolderError: the transform is gone or damaged, or another one.
    """
    if facts.get("descriptor") == "raw":
        return unit
    whitening = facts.get("whitening")
    source = whitening.get("source") if isinstance(whitening, dict) else None
    prior = full_prior_of(card)
    if source == "prior" and prior is not None:
        return prior.whitening.apply
    if isinstance(whitening, dict) and source in _FITTED:
        found = load(features / FILE, key_of(str(facts.get("key")), "whitened"), prior, card.dim)
        made = found[0].whitening if found is not None else None
        if made is not None and _digest(made) == whitening.get("transform"):
            return made.apply
    raise RunFolderError(f"the whitening that this run was made with is gone from {features}: run it again")


def still_frozen(features: Path, facts: dict[str, Any] | None) -> bool:
    """Whether the folder of a finished run still holds the transform that ``run.json`` names, if one was fitted."""
    whitening = (facts or {}).get("whitening")
    digest = whitening.get("transform") if isinstance(whitening, dict) else None
    if digest is None:
        return True
    try:
        return bool(_digest(Whitening.load(features / FILE)) == digest)
    except RunFolderError:
        return False
