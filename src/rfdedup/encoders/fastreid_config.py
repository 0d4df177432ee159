"""Settings of a fast-reid network, from the YAML file that lies beside its weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rfdedup.model.errors import EncoderError, MissingExtraError
from rfdedup.storage.files import read_regular

_IMAGENET_MEAN = (0.485 * 255, 0.456 * 255, 0.406 * 255)
_IMAGENET_STD = (0.229 * 255, 0.224 * 255, 0.225 * 255)
_BASES = 8
"""Longest chain of ``_BASE_`` files that is followed."""


@dataclass(frozen=True)
class FastReidConfig:
    """What decides the network and its input. Settings that a file leaves out are those of the VehicleID models.

    Attributes:
        depth: ``50x`` or ``101x``.
        last_stride: stride of layer 4, 1 or 2.
        pool: ``gem`` or ``avg``.
        height, width: of the input, pixels.
        pixel_mean, pixel_std: RGB, 0-255.
    """

    depth: str = "50x"
    last_stride: int = 1
    pool: str = "gem"
    height: int = 256
    width: int = 256
    pixel_mean: tuple[float, float, float] = _IMAGENET_MEAN
    pixel_std: tuple[float, float, float] = _IMAGENET_STD


def find_config(weights: Path) -> Path | None:
    """The YAML file beside ``weights``: of the same stem, else ``config.yaml``, which fast-reid writes.

    Raises:
        EncoderError: several candidates of the same rank.
    """
    for stem in (weights.stem, "config"):
        found = [file for suffix in (".yaml", ".yml") if (file := weights.with_name(stem + suffix)).is_file()]
        if len(found) > 1:
            raise EncoderError(f"both {found[0]} and {found[1]} lie beside {weights.name}; keep one")
        if found:
            return found[0]
    return None


def read_config(file: Path, depth: str) -> FastReidConfig:
    """Settings in ``file`` for a network of ``depth``, which the name of the encoder says.

    Raises:
        EncoderError: a setting is unknown, is not supported or contradicts the encoder; the message names it.
        MissingExtraError: PyYAML is not installed.
    """
    tree = _read(file, _BASES)
    config = FastReidConfig(depth=depth)
    for key, apply in _SETTINGS.items():
        value = _get(tree, key)
        if value is not None:
            try:
                config = apply(config, value)
            except _UnsupportedError as error:
                raise EncoderError(f"{file}: {key} = {value!r}: {error}") from None
            except (TypeError, ValueError):
                raise EncoderError(f"{file}: {key} = {value!r} is not understood") from None
    for section in ("MODEL.BACKBONE", "MODEL.HEADS"):
        _refuse_unknown(file, tree, section)
    return config


class _UnsupportedError(Exception):
    """A setting with a meaning that this network does not have."""


_IGNORED = {
    # training, or not used when embeddings are computed
    "MODEL.BACKBONE": frozenset({"PRETRAIN", "PRETRAIN_PATH", "NORM_SPLIT"}),
    "MODEL.HEADS": frozenset(
        {"NUM_CLASSES", "MARGIN", "SCALE", "CLS_LAYER", "NECK_FEAT", "REDUCTION_DIM", "NORM_SPLIT"}
    ),
}


def _read(file: Path, bases: int) -> dict[str, Any]:
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("PyYAML", "torch", f"reading {file.name}") from None
    try:
        tree = yaml.safe_load(read_regular(file, follow=True).decode("utf-8"))
    except OSError as error:
        raise EncoderError(f"cannot read {file}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise EncoderError(f"{file} is not a fast-reid configuration: {reason}") from None
    if not isinstance(tree, dict):
        raise EncoderError(f"{file} is not a fast-reid configuration: it holds no settings")
    base = tree.pop("_BASE_", None)
    if base is None:
        return tree
    parent = file.parent / str(base)
    if bases == 0 or not parent.is_file():
        raise EncoderError(f"{file}: its _BASE_ {base} is not there; put it there, or use the full config.yaml")
    return _merge(_read(parent, bases - 1), tree)


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _get(tree: Any, key: str) -> Any:
    for part in key.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _refuse_unknown(file: Path, tree: dict[str, Any], section: str) -> None:
    known = {key.rsplit(".", 1)[1] for key in _SETTINGS if key.startswith(section + ".")} | _IGNORED[section]
    for key, value in (_get(tree, section) or {}).items():
        if key not in known:
            raise EncoderError(f"{file}: {section}.{key} = {value!r} is not known to this encoder")


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(float(part) for part in (value.strip("()[]").split(",") if isinstance(value, str) else value))


def _one_of(allowed: tuple[Any, ...], why: str) -> Callable[[FastReidConfig, Any], FastReidConfig]:
    def check(config: FastReidConfig, value: Any) -> FastReidConfig:
        if value not in allowed:
            raise _UnsupportedError(why)
        return config

    return check


def _depth(config: FastReidConfig, value: Any) -> FastReidConfig:
    if str(value) != config.depth:
        other = {"50x": "r50-ibn", "101x": "r101-ibn"}.get(str(value))
        raise _UnsupportedError(f"use --encoder {other}" if other else "only 50x and 101x are supported")
    return config


def _stride(config: FastReidConfig, value: Any) -> FastReidConfig:
    if value not in (1, 2):
        raise _UnsupportedError("must be 1 or 2")
    return replace(config, last_stride=value)


def _pool(config: FastReidConfig, value: Any) -> FastReidConfig:
    kinds = {
        **dict.fromkeys(("gempool", "gemp", "gempoolp", "generalizedmeanpooling", "generalizedmeanpoolingp"), "gem"),
        **dict.fromkeys(("avgpool", "fastavgpool", "globalavgpool", "fastglobalavgpool"), "avg"),
    }
    kind = kinds.get(str(value).lower())
    if kind is None:
        raise _UnsupportedError("only GeM and average pooling are supported")
    return replace(config, pool=kind)


def _size(config: FastReidConfig, value: Any) -> FastReidConfig:
    height, width = (int(side) for side in _numbers(value))
    if not (32 <= height <= 2048 and 32 <= width <= 2048):
        raise _UnsupportedError("must be within 32 to 2048 pixels")
    return replace(config, height=height, width=width)


def _mean(config: FastReidConfig, value: Any) -> FastReidConfig:
    red, green, blue = _numbers(value)
    return replace(config, pixel_mean=(red, green, blue))


def _std(config: FastReidConfig, value: Any) -> FastReidConfig:
    red, green, blue = _numbers(value)
    if min(red, green, blue) <= 0:
        raise _UnsupportedError("must be positive")
    return replace(config, pixel_std=(red, green, blue))


_SETTINGS: dict[str, Callable[[FastReidConfig, Any], FastReidConfig]] = {
    "MODEL.META_ARCHITECTURE": _one_of(("Baseline",), "only Baseline is supported"),
    "MODEL.BACKBONE.NAME": _one_of(("build_resnet_backbone",), "only build_resnet_backbone is supported"),
    "MODEL.BACKBONE.DEPTH": _depth,
    "MODEL.BACKBONE.LAST_STRIDE": _stride,
    "MODEL.BACKBONE.NORM": _one_of(("BN", "syncBN"), "only BN is supported"),
    "MODEL.BACKBONE.WITH_IBN": _one_of((True,), "this encoder is the network with IBN"),
    "MODEL.BACKBONE.WITH_SE": _one_of((False,), "squeeze-and-excitation variants are not supported"),
    "MODEL.BACKBONE.WITH_ECA": _one_of((False,), "channel attention is not supported"),
    "MODEL.BACKBONE.FEAT_DIM": _one_of((2048,), "the backbone ends in 2048 channels"),
    "MODEL.BACKBONE.WITH_NL": _one_of((False,), "non-local blocks are not supported"),
    "MODEL.HEADS.NAME": _one_of(("EmbeddingHead", "BNneckHead"), "only EmbeddingHead and BNneckHead are supported"),
    "MODEL.HEADS.IN_FEAT": _one_of((2048,), "the backbone ends in 2048 channels"),
    "MODEL.HEADS.POOL_LAYER": _pool,
    "MODEL.HEADS.WITH_BNNECK": _one_of((True,), "the embedding is the output of the BN neck"),
    "MODEL.HEADS.EMBEDDING_DIM": _one_of((0,), "a reduced embedding is not supported"),
    "MODEL.HEADS.NORM": _one_of(("BN", "syncBN"), "only BN is supported"),
    "MODEL.PIXEL_MEAN": _mean,
    "MODEL.PIXEL_STD": _std,
    "INPUT.SIZE_TEST": _size,
}
