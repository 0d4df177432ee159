"""fast-reid's ResNet-IBN with the user's weights: ``r50-ibn`` and ``r101-ibn``.

The first load converts the weights to an OpenVINO network in the cache, which needs torch; later loads, and those
by name alone after ``rfdedup encoders add``, do not.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rfdedup.encoders import cache
from rfdedup.encoders.base import Encoder, ModelCard, Runtime
from rfdedup.encoders.checkpoint import read_state_dict, require_torch, sha256_of_weights
from rfdedup.encoders.devices import resolve_device
from rfdedup.encoders.fastreid_config import FastReidConfig, find_config, read_config
from rfdedup.encoders.model_encoder import ModelEncoder
from rfdedup.encoders.preprocess import InputSpec
from rfdedup.model.errors import EncoderError

if TYPE_CHECKING:
    from rfdedup.encoders.fastreid_network import FastReidNetwork

DEPTHS = {"r50-ibn": "50x", "r101-ibn": "101x"}
DIM = 2048
REVISION = 1
"""Raise when embeddings of the same weights change their meaning."""
_UNUSED = ("heads.weight", "heads.classifier.", "heads.cls_layer.", "pixel_mean", "pixel_std")
_RENAMED = {"heads.bnneck.": "heads.bottleneck.0."}
_REFUSED = {
    "backbone.NL_": "non-local blocks are not supported",
    ".se.": "squeeze-and-excitation variants are not supported",
}


def load(name: str, *, weights: Path | None, device: str, precision: str) -> Encoder:
    """Load encoder ``name`` with ``weights``, or with those that were added to the cache when None.

    Raises:
        EncoderError: the weights cannot be used; the message names file and tensor.
        MissingExtraError: torch is needed and not installed.
    """
    if device == "auto" and weights is not None and precision != "int8":
        device = resolve_device(device)
    if device in ("cuda", "mps"):
        return _load_torch(name, weights, device, precision)
    from rfdedup.encoders import quantised
    from rfdedup.encoders.openvino_runtime import OpenVinoRuntime

    facts = _facts(name, weights)
    if precision == "int8":
        model, suffix = quantised.find(name, cache.entry_id(facts))
    else:
        model, suffix = add(name, weights).model, ""
    return _encoder(facts, OpenVinoRuntime(model, name=name, precision=precision), suffix)


def _load_torch(name: str, weights: Path | None, device: str, precision: str) -> Encoder:
    require_torch(f"encoder {name} on {device}")
    from rfdedup.encoders.torch_runtime import TorchRuntime, check_device

    check_device(device)
    if weights is None:
        raise EncoderError(f"encoder {name} on {device} is run by torch, which needs --weights FILE")
    network, facts = read_network(name, weights)
    shape = (facts["config"]["height"], facts["config"]["width"], 3)
    return _encoder(facts, TorchRuntime(network, shape, name=name, device=device, precision=precision))


def add(name: str, weights: Path | None) -> cache.Entry:
    """The cache entry of ``weights``, converted now if it was not before; of the ones added before when None.

    Raises:
        EncoderError, MissingExtraError: as ``load``.
    """
    facts = _facts(name, weights)
    return cache.find(name, facts) or convert(name, weights)


def convert(name: str, weights: Path | None) -> cache.Entry:
    """Convert ``weights`` to an OpenVINO network in the cache.

    Raises:
        EncoderError: no weights were given, or they cannot be used.
        MissingExtraError: torch is not installed.
    """
    if weights is None:
        raise EncoderError(f"the cached network of encoder {name} is damaged; add it again with its --weights FILE")
    network, facts = read_network(name, weights)

    def write(target: Path) -> None:
        import openvino
        import torch

        config = FastReidConfig(**facts["config"])
        example = torch.zeros((1, config.height, config.width, 3), dtype=torch.uint8)
        with warnings.catch_warnings(), torch.inference_mode():
            # about tracing, which is right for a network without branches; checking it would run it three times more
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
            graph = openvino.convert_model(traced, input=[([-1, config.height, config.width, 3], openvino.Type.u8)])
        openvino.save_model(graph, target, compress_to_fp16=False)

    return cache.store(name, facts, write)


def read_network(name: str, weights: Path) -> tuple[FastReidNetwork, dict[str, Any]]:
    """The torch network with ``weights`` loaded, in evaluation mode, and the facts that identify it.

    Raises:
        EncoderError: a tensor is missing, is misshapen, is unknown or is not finite.
        MissingExtraError: torch is not installed.
    """
    torch = require_torch(f"converting the weights of encoder {name}")
    from rfdedup.encoders.fastreid_network import FastReidNetwork

    config = _config(name, weights)
    tensors, digest = read_state_dict(weights)
    network = FastReidNetwork(config)
    state = _matched(weights, config, tensors, network.state_dict())
    for key, tensor in state.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise EncoderError(f"{weights}: tensor {key} holds values that are not finite")
    network.load_state_dict(state)
    return network.eval(), _identity(name, digest, config)


def _matched(weights: Path, config: FastReidConfig, tensors: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """``tensors`` under the names of ``wanted``, each with its shape; the rest must be known not to matter."""
    renamed = {}
    for key, tensor in tensors.items():
        for old, new in _RENAMED.items():
            key = new + key.removeprefix(old) if key.startswith(old) else key
        renamed[key] = tensor
    for key in renamed:
        for part, why in _REFUSED.items():
            if part in key:
                raise EncoderError(f"{weights}: tensor {key}: {why}")
    state = {}
    for key, expected in wanted.items():
        if key == "heads.pool_layer.p" and key not in renamed:
            state[key] = expected
            continue
        found = renamed.get(key)
        if found is None and key.endswith("num_batches_tracked"):
            found = expected
        if found is None:
            raise EncoderError(
                f"{weights}: tensor {key} is missing; this is not a fast-reid ResNet-{config.depth[:-1]} IBN "
                f"checkpoint{_hint(renamed)}"
            )
        if found.shape != expected.shape:
            raise EncoderError(
                f"{weights}: tensor {key} has shape {tuple(found.shape)}, expected {tuple(expected.shape)}"
            )
        state[key] = found.to(expected.dtype)
    for key in renamed:
        if key not in state and not key.startswith(_UNUSED):
            raise EncoderError(
                f"{weights}: tensor {key} does not belong to fast-reid's ResNet-{config.depth[:-1]} IBN{_hint(renamed)}"
            )
    return state


def _hint(tensors: dict[str, Any]) -> str:
    if "backbone.layer3.22.conv1.weight" in tensors:
        return "; its depth is 101: use --encoder r101-ibn"
    if "backbone.layer3.5.conv1.weight" in tensors and "backbone.layer3.6.conv1.weight" not in tensors:
        deeper = "backbone.layer1.0.bn1.IN.weight" in tensors
        return "; its depth is 50: use --encoder r50-ibn" if deeper else "; it has no IBN"
    return ""


def _config(name: str, weights: Path) -> FastReidConfig:
    file = find_config(weights)
    return FastReidConfig(depth=DEPTHS[name]) if file is None else read_config(file, DEPTHS[name])


def _identity(name: str, digest: str, config: FastReidConfig) -> dict[str, Any]:
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(config).items()}
    return {"name": name, "weights_sha256": digest, "revision": REVISION, "config": plain}


def _facts(name: str, weights: Path | None) -> dict[str, Any]:
    if weights is not None:
        return _identity(name, sha256_of_weights(weights), _config(name, weights))
    added = cache.entries(name)
    if not added:
        raise EncoderError(f"encoder {name} needs --weights FILE, or once: rfdedup encoders add {name} --weights FILE")
    if len(added) > 1:
        known = ", ".join(entry.facts["weights_sha256"][:12] for entry in added)
        raise EncoderError(f"several weights of encoder {name} were added ({known}); say which with --weights FILE")
    return added[0].facts


def model_card(facts: dict[str, Any]) -> ModelCard:
    """The card of a network from the facts of its cache entry."""
    config = FastReidConfig(**facts["config"])
    mean, std = (", ".join(f"{x:.2f}" for x in values) for values in (config.pixel_mean, config.pixel_std))
    return ModelCard(
        name=facts["name"],
        dim=DIM,
        input=InputSpec(config.height, config.width, "bicubic"),
        normalisation=f"(x - ({mean})) / ({std}), inside the network",
        licence="unknown (brought by the user)",
        weights_sha256=facts["weights_sha256"],
        source="fast-reid checkpoint of the user",
    )


def _encoder(facts: dict[str, Any], runtime: Runtime, suffix: str = "") -> Encoder:
    return ModelEncoder(model_card(facts), runtime, f"{facts['name']}-{cache.entry_id(facts)}{suffix}")
