"""The encoder of a run, loaded when it is first needed and once a precision."""

from __future__ import annotations

from rfdedup.config import SemanticConfig
from rfdedup.encoders import load_encoder
from rfdedup.encoders.base import Encoder


class RunEncoder:
    """Loads what a configuration names; ``given`` is an encoder that the caller brought, in its one precision."""

    def __init__(self, config: SemanticConfig, given: Encoder | None = None) -> None:
        self._config = config
        self._given = given
        self._loaded: dict[str, Encoder] = {}

    def __call__(self, precision: str | None = None) -> Encoder:
        """The encoder in the configured precision, or in another one.

        Raises:
            EncoderError: it cannot be loaded, or what was given is none.
        """
        if self._given is not None:
            return load_encoder(self._given)
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
