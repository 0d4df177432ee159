"""Encoders: networks that turn images into embeddings."""

from rfdedup.encoders.base import Encoder, ModelCard, Threshold
from rfdedup.encoders.preprocess import InputSpec
from rfdedup.encoders.registry import load_encoder

__all__ = ["Encoder", "InputSpec", "ModelCard", "Threshold", "load_encoder"]
