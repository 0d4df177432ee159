"""The encoder of a run, loaded when it is first needed and once a precision."""

from __future__ import annotations

from typing import Any

from rfdedup.encoders import load_encoder
from rfdedup.encoders.base import Encoder
from rfdedup.encoders.function import PREFIX
from rfdedup.encoders.given_vectors import GivenEncoder
from rfdedup.encoders.registry import BUILT_IN
from rfdedup.model.config import RunConfig, SemanticConfig, make_config
from rfdedup.model.errors import ConfigError, RunFolderError


def config_of_run(info: dict[str, Any]) -> RunConfig:
    """The configuration in a ``run.json``; before its encoder is loaded, it has to pass ``trusted``.

    Raises:
        RunFolderError: the folder does not say how it was made.
        ConfigError: what it says cannot be used.
    """
    if not isinstance(info.get("config"), dict):
        raise RunFolderError("run.json does not say how the run was made: run the same command again")
    noted = info["config"]
    if info.get("schema") == 1:
        # that version knew one rule of quality, and compared no pictures
        quality = noted.get("quality")
        noted = {"same": "meaning", **noted}
        noted["quality"] = {"rule": "classic", **(quality if isinstance(quality, dict) else {})}
    return make_config(noted)


def trusted(config: RunConfig, encoder: str | None) -> RunConfig:
    """The configuration of a run folder, fit for loading its encoder: the one way from a run folder to an encoder.

    A run folder may be somebody else's, so it cannot make anybody load code. What it names is taken where it is data:
    shipped encoders, whose weights are read as such, and ONNX files. TorchScript files and the encoders of other
    packages can be programs; the user has to name those again.

    Args:
        config: from ``config_of_run``.
        encoder: what the user named on this command, in place of what the folder names.

    Raises:
        ConfigError: the encoder may be code and was not named again.
    """
    named = config.semantic.encoder
    if encoder is not None:
        return config.model_copy(update={"semantic": config.semantic.model_copy(update={"encoder": encoder})})
    if named.startswith(PREFIX):
        raise ConfigError(
            f"the run was made with {named}, which Python handed over and no run folder holds: hand it over again, "
            "or name another one by --encoder and run again"
        )
    if named not in BUILT_IN and not named.startswith("onnx:"):
        what = "TorchScript files" if named.startswith("torchscript:") else "encoders of other packages"
        raise ConfigError(f"the run names {named}, and {what} can hold code: if you trust it, add --encoder {named}")
    return config


def facts_of(encoder: Encoder) -> dict[str, Any]:
    """What ``run.json`` says of an encoder, whatever decides about its embeddings."""
    return {
        "name": encoder.card.name,
        "key": encoder.key,
        "dim": encoder.dim,
        "weights_sha256": encoder.card.weights_sha256,
        "device": encoder.device,
        "precision": encoder.precision,
    }


class RunEncoder:
    """Loads what a configuration names; ``given`` is an encoder that the caller brought, in its one precision."""

    def __init__(self, config: SemanticConfig, given: Encoder | None = None) -> None:
        self._config = config
        self._given = given
        self._loaded: dict[str, Encoder] = {}

    @property
    def sees_pictures(self) -> bool:
        """Whether there is one that embeds: not where vectors were handed over."""
        return not isinstance(self._given, GivenEncoder)

    def __call__(self, precision: str | None = None) -> Encoder:
        """The encoder in the configured precision, or in another one.

        Raises:
            EncoderError: it cannot be loaded, or what was given is none.
        """
        if self._given is not None:
            return self._given if isinstance(self._given, GivenEncoder) else load_encoder(self._given)
        wanted = self._config
        precision = precision or wanted.precision
        if precision not in self._loaded:
            self._loaded[precision] = load_encoder(
                wanted.encoder,
                weights=wanted.weights,
                device=wanted.device,
                precision=precision,
                **wanted.encoder_options,
            )
        return self._loaded[precision]
