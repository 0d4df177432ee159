"""Configuration of a run: every option with its type, range and default. Flags and TOML meet here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from rfdedup.model.errors import ConfigError

TIERS = ("quality", "hash", "semantic")
QUALITY_CHECKS = (
    "dark",
    "bright",
    "blurry",
    "blank",
    "low_texture",
    "low_information",
    "grayscale",
    "tiny",
    "odd_aspect",
    "animated",
)

TierName = Literal["quality", "hash", "semantic"]
CheckName = Literal[
    "dark",
    "bright",
    "blurry",
    "blank",
    "low_texture",
    "low_information",
    "grayscale",
    "tiny",
    "odd_aspect",
    "animated",
]
RULE_BOUNDS: Final[dict[str, dict[str, float]]] = {
    "information": {"blurry": 0.035, "dark": 32.0, "bright": 170.0},
    "classic": {"blurry": 50.0, "dark": 10.0, "bright": 220.0},
}
"""Bounds of either rule of tier 1; see ``QualityConfig``."""
MOST_CRISP: Final = 1.0
"""Largest bound on crispness; half of all photos have 0.3 and less."""


def _funnel_order(tiers: tuple[TierName, ...]) -> tuple[TierName, ...]:
    if not tiers:
        raise ValueError("name at least one of quality, hash, semantic")
    return tuple(name for name in TIERS if name in tiers)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class QualityConfig(_Section):
    """Tier 1. Grey levels are 0-255.

    The rule says what is compared with the bounds: ``information`` takes the lightest part for ``dark``, the darkest
    for ``bright`` and crispness for ``blurry`` (see ``features.information``); ``classic``, the original rule, the mean
    level twice and the variance of the Laplacian at 640 px. Bounds that are not given are those of the rule.
    """

    rule: Literal["information", "classic"] = Field("information", description="what decides on dark, bright, blurry")
    blurry: float = Field(0.035, ge=0, le=1e6, description="crispness (classic: sharpness) below this is blurry")
    dark: float = Field(32.0, ge=0, le=255, description="lightest part (classic: mean) below this level is dark")
    bright: float = Field(170.0, ge=0, le=255, description="darkest part (classic: mean) above this level is bright")
    blank: int = Field(6, ge=0, le=256, description="fewer levels from the darkest to the lightest part: nothing there")
    low_texture: float = Field(
        64.0, ge=0, le=1e6, description="coarse structure (levels^2) below this is a plain scene"
    )
    scale: Literal["640", "native"] = Field("640", description="longer side at which sharpness is measured")
    low_information: float = Field(3.0, ge=0, le=8, description="entropy of grey levels (bits) below this")
    tiny: int = Field(32, ge=0, le=100_000, description="shorter side below this many pixels")
    odd_aspect: float = Field(4.0, ge=1, le=1e6, description="longer side over shorter side above this")
    drop: tuple[CheckName, ...] = Field(
        ("dark", "bright", "blurry", "blank"), description="checks that drop; the others only flag"
    )

    @model_validator(mode="before")
    @classmethod
    def _bounds_of_the_rule(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        rule = values.get("rule")
        blurry = values.get("blurry")
        if rule in (None, "information") and isinstance(blurry, int | float) and blurry > MOST_CRISP:
            raise ValueError(
                f"blurry = {blurry:g} is no bound on crispness, which is about 0.3 in a good picture; for the variance "
                'of the Laplacian say rule = "classic" (--quality classic)'
            )
        return {**RULE_BOUNDS.get(str(rule), {}), **values}


class HashConfig(_Section):
    """Tier 2. Distances are bits that differ among 64."""

    radius: int = Field(8, ge=0, le=16, description="bits of dHash and of pHash in which proposed pairs may differ")
    exact: bool = Field(True, description="drop bit-identical files")
    perceptual: bool = Field(True, description="drop resized and recompressed copies")


class SemanticConfig(_Section):
    """Tier 3. Thresholds are cosine similarities."""

    encoder: str = Field("efficientnet-lite0", min_length=1, description="name, onnx:FILE or torchscript:FILE")
    weights: Path | None = Field(None, description="weights file of the encoder")
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "fp32", "bf16", "fp16", "int8"] = "auto"
    encoder_options: dict[str, str] = Field(
        {}, description="of onnx: and torchscript: encoders, such as size, layout, normalisation, resize"
    )
    descriptor: Literal["auto", "raw", "whitened"] = Field(
        "auto",
        description="compare raw embeddings or PCA-whitened ones; auto whitens where a transform is known or is fitted",
    )
    threshold: Literal["auto"] | Annotated[float, Field(gt=0, lt=1)] = Field(
        "auto",
        description="cosine similarity that links two images; auto takes the encoder's where it applies to these "
        "images, and else measures one on them",
    )
    embeddings: str | None = Field(
        None,
        min_length=1,
        description="vectors in place of the encoder: a folder of img_emb_N.npy with metadata_N.parquet, FILE.npy, or "
        "FILE.parquet:COLUMN",
    )
    embeddings_key: str | None = Field(None, min_length=1, description="column of embeddings that names the images")
    max_false_pairs: float | None = Field(
        None,
        gt=0,
        le=1e6,
        description="wrong pairs per million images that an automatic threshold, then measured on these images, allows",
    )


class CompareConfig(_Section):
    """How proposed pairs of pictures are compared; not used with ``same = "meaning"``."""

    neighbours: int = Field(
        4, ge=1, le=256, description="nearest images by hashes, and by embeddings, that are proposed"
    )
    floor: Literal["auto"] | Annotated[float, Field(ge=0, lt=1)] = Field(
        "auto", description="cosine similarity below which no pair is proposed; auto takes a low one"
    )
    turned: bool = Field(True, description="propose mirrored and turned copies by their hashes too")
    max_change: float = Field(
        1.0, gt=0, le=10, description="how much change is overlooked, as a multiple of what usually is"
    )


class LimitsConfig(_Section):
    """What one file may cost."""

    max_megapixels: float = Field(300.0, gt=0, le=10_000, description="larger images are errors")
    file_seconds: float = Field(20.0, gt=0, le=3600, description="a file that takes more processor time is an error")
    worker_memory_mb: int = Field(2048, ge=256, le=1_000_000, description="a worker that takes more costs its file")


class KeepConfig(_Section):
    """Which image of a group becomes king."""

    rule: Literal["best", "largest", "sharpest", "oldest", "newest", "first"] = "best"
    prefer: tuple[str, ...] = Field((), description="globs; matching images outrank the others")
    protect: tuple[str, ...] = Field((), description="globs; matching images are never dropped")


class RunConfig(_Section):
    """Everything that decides a verdict, and how the work is done."""

    tiers: Annotated[tuple[TierName, ...], AfterValidator(_funnel_order)] = TIERS  # type: ignore[assignment]
    same: Literal["copy", "moment", "meaning"] = Field(
        "moment",
        description="what makes a duplicate: an edit of one picture; that, or one scene in which nothing changed; or "
        "like hashes or embeddings, by which nobody compares pictures",
    )
    sample: int | None = Field(None, ge=1, description="look at this many images only, chosen by content-free hash")
    workers: int | None = Field(None, ge=1, le=1024, description="worker processes; default: CPU cores")
    quality: QualityConfig = QualityConfig()
    hash: HashConfig = HashConfig()
    compare: CompareConfig = CompareConfig()
    semantic: SemanticConfig = SemanticConfig()
    limits: LimitsConfig = LimitsConfig()
    keep: KeepConfig = KeepConfig()

    @property
    def looks_for_parts(self) -> bool:
        """Whether local features are measured: they find parts of pictures, for embeddings to propose beside."""
        return self.same != "meaning" and "semantic" in self.tiers


def make_config(values: dict[str, Any]) -> RunConfig:
    """Validate nested ``values`` (as read from TOML, or collected from flags).

    Raises:
        ConfigError: an unknown key or a value out of range; the message names the key and what is allowed.
    """
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explained(error.errors())) from None


def _explained(errors: Iterable[Any]) -> str:
    """What is wrong; a value that could have been of several kinds is named once."""
    told: dict[str, str] = {}
    for item in errors:
        what, wanted = _explain(item)
        told[what] = f"{told[what]} or {wanted.removeprefix('must be ')}" if what in told else wanted
    return "; ".join(what + (wanted and f": {wanted}") for what, wanted in told.items())


def _explain(item: Any) -> tuple[str, str]:
    keys = [str(part) for part in item["loc"]]
    branches = ("float", "constrained-float", "literal['auto']")
    key = ".".join(part for part in keys if part not in branches and not part.startswith("function-"))
    if item["type"] == "extra_forbidden":
        section: Any = RunConfig
        for part in keys[:-1]:
            section = section.model_fields[part].annotation
        return f"unknown key {key}; known here: {', '.join(sorted(section.model_fields))}", ""
    message = item["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{key} = {item['input']!r}", message.partition(", unable to parse")[0]
