"""Encoders that other packages register under the entry point group ``rfdedup.encoders``."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest

from rfdedup.encoders import Encoder, load_encoder
from rfdedup.encoders.registry import plugins
from rfdedup.model.errors import EncoderError

PLUGIN = """
    import numpy as np
    from rfdedup.encoders import InputSpec, ModelCard


    class MeanColour:
        \"\"\"The whole of a plugin: an object with the members of ``rfdedup.encoders.Encoder``.\"\"\"

        dim, key, device, precision, streams, batch = 3, "mean-colour-1", "cpu", "fp32", 1, 8

        def __init__(self, scale=1.0):
            self.scale = scale
            self.card = ModelCard("mean-colour", 3, InputSpec(8, 8), "none", "MIT", "0" * 64, "no weights")

        def embed(self, batch):
            return batch.mean((1, 2)).astype(np.float32) * self.scale

        def encode(self, images):
            return np.stack([image.mean((0, 1)) for image in images]).astype(np.float32) * self.scale


    def load(*, weights, device, precision, scale="1"):
        return MeanColour(float(scale))


    def load_nothing(**settings):
        return object()
"""
ENTRY_POINTS = """
    [rfdedup.encoders]
    mean-colour = mean_colour_plugin:load
    hollow = mean_colour_plugin:load_nothing
    gone = mean_colour_plugin:no_such_function
    efficientnet-lite0 = mean_colour_plugin:load
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mean_colour_plugin.py").write_text(textwrap.dedent(PLUGIN), encoding="utf-8")
    info = tmp_path / "mean_colour_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mean-colour-plugin\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(textwrap.dedent(ENTRY_POINTS), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_plugin_is_found_by_name_and_takes_its_own_options() -> None:
    assert {"mean-colour", "hollow", "gone"} <= set(plugins())
    encoder = load_encoder("mean-colour", scale="2")
    assert isinstance(encoder, Encoder)
    image = np.full((4, 4, 3), 10, np.uint8)
    np.testing.assert_array_equal(encoder.encode([image]), [[20, 20, 20]])


def test_a_plugin_cannot_take_the_name_of_a_shipped_encoder() -> None:
    assert load_encoder("efficientnet-lite0").dim == 1280


def test_plugins_that_fail_are_named() -> None:
    with pytest.raises(EncoderError, match=r"hollow is not an encoder: object has no card, dim"):
        load_encoder("hollow")
    with pytest.raises(EncoderError, match=r"encoder gone is registered by mean_colour_plugin:no_such_function"):
        load_encoder("gone")
    with pytest.raises(EncoderError, match=r"known: .*mean-colour"):
        load_encoder("nothing")
