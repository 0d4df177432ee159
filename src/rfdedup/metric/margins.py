"""Thresholds of cosine similarities, and how far stored embeddings may be off."""

from __future__ import annotations

from dataclasses import dataclass

FLOOR_BELOW = 0.15
"""Links this far below the threshold are measured too, so that it can be moved without embedding again."""

MARGIN = {"fp32": 0.002, "bf16": 0.03, "fp16": 0.01, "int8": 0.06}
"""Bound of the error that each precision makes in a cosine similarity; closer calls are measured again in fp32."""


@dataclass(frozen=True)
class Bounds:
    """Cosine similarities: what links, the least that is of interest, and the error of the stored embeddings."""

    threshold: float
    floor: float
    margin: float

    @property
    def near(self) -> float:
        """The least stored similarity of a pair that may be a link."""
        # the subtraction is rounded; a pair more is no harm
        return max(self.threshold - self.margin - 1e-9, self.floor)
