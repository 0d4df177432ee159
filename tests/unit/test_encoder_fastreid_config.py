"""fast-reid's YAML: what is read, what is refused, and that the refusal names the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from rfdedup.encoders.fastreid_config import FastReidConfig, find_config, read_config
from rfdedup.model.errors import EncoderError

pytest.importorskip("yaml", reason="needs PyYAML to read fast-reid configurations")

FULL = """
MODEL:
  META_ARCHITECTURE: Baseline
  BACKBONE: {NAME: build_resnet_backbone, DEPTH: 50x, NORM: BN, LAST_STRIDE: 1, WITH_IBN: true, WITH_NL: false,
             WITH_SE: false, FEAT_DIM: 2048, PRETRAIN: true, PRETRAIN_PATH: ''}
  HEADS: {NAME: EmbeddingHead, NORM: BN, WITH_BNNECK: true, POOL_LAYER: GeneralizedMeanPooling, NECK_FEAT: after,
          NUM_CLASSES: 13164, EMBEDDING_DIM: 0, CLS_LAYER: Linear}
  LOSSES: {NAME: [CrossEntropyLoss, TripletLoss]}
INPUT: {SIZE_TRAIN: [256, 256], SIZE_TEST: [256, 256]}
SOLVER: {MAX_EPOCH: 60}
"""


def _write(folder: Path, text: str, name: str = "config.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_the_vehicleid_configuration_is_the_default(tmp_path: Path) -> None:
    assert read_config(_write(tmp_path, FULL), "50x") == FastReidConfig()


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("MODEL: {BACKBONE: {LAST_STRIDE: 2}}", "last_stride", 2),
        ("MODEL: {HEADS: {POOL_LAYER: avgpool}}", "pool", "avg"),
        ("MODEL: {HEADS: {POOL_LAYER: FastGlobalAvgPool}}", "pool", "avg"),
        ("MODEL: {HEADS: {POOL_LAYER: gempoolP}}", "pool", "gem"),
        ("INPUT: {SIZE_TEST: [384, 128]}", "height", 384),
        ("INPUT: {SIZE_TEST: '(384, 128)'}", "width", 128),
        ("MODEL: {PIXEL_MEAN: [1, 2, 3]}", "pixel_mean", (1.0, 2.0, 3.0)),
        ("MODEL: {PIXEL_STD: [4, 5, 6]}", "pixel_std", (4.0, 5.0, 6.0)),
    ],
)
def test_settings_that_matter(tmp_path: Path, text: str, field: str, value: object) -> None:
    assert getattr(read_config(_write(tmp_path, text), "50x"), field) == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("MODEL: {BACKBONE: {DEPTH: 101x}}", "MODEL.BACKBONE.DEPTH = '101x': use --encoder r101-ibn"),
        ("MODEL: {BACKBONE: {DEPTH: 34x}}", "MODEL.BACKBONE.DEPTH = '34x': only 50x and 101x"),
        ("MODEL: {BACKBONE: {WITH_IBN: false}}", "MODEL.BACKBONE.WITH_IBN = False"),
        ("MODEL: {BACKBONE: {WITH_NL: true}}", "MODEL.BACKBONE.WITH_NL = True: non-local"),
        ("MODEL: {BACKBONE: {WITH_SE: true}}", "MODEL.BACKBONE.WITH_SE = True: squeeze"),
        ("MODEL: {BACKBONE: {LAST_STRIDE: 3}}", "MODEL.BACKBONE.LAST_STRIDE = 3: must be 1 or 2"),
        ("MODEL: {BACKBONE: {NAME: build_osnet_backbone}}", "MODEL.BACKBONE.NAME"),
        ("MODEL: {BACKBONE: {SHINY: 1}}", "MODEL.BACKBONE.SHINY = 1 is not known"),
        ("MODEL: {HEADS: {POOL_LAYER: maxpool}}", "MODEL.HEADS.POOL_LAYER = 'maxpool': only GeM and average"),
        ("MODEL: {HEADS: {EMBEDDING_DIM: 512}}", "MODEL.HEADS.EMBEDDING_DIM = 512"),
        ("MODEL: {META_ARCHITECTURE: MGN}", "MODEL.META_ARCHITECTURE = 'MGN'"),
        ("MODEL: {PIXEL_STD: [0, 1, 1]}", "MODEL.PIXEL_STD = .*: must be positive"),
        ("MODEL: {PIXEL_MEAN: [1, 2]}", "MODEL.PIXEL_MEAN = .* is not understood"),
        ("INPUT: {SIZE_TEST: [256]}", "INPUT.SIZE_TEST = .* is not understood"),
        ("INPUT: {SIZE_TEST: [8, 8]}", "INPUT.SIZE_TEST = .*: must be within"),
        ("_BASE_: ../Base.yml", r"its _BASE_ \.\./Base\.yml is not there"),
        ("just text", "holds no settings"),
        ("a: [", "is not a fast-reid configuration"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(EncoderError, match=rf"config\.yaml:? .*{complaint}|config\.yaml.*{complaint}"):
        read_config(_write(tmp_path, text), "50x")


def test_yaml_that_would_run_code_is_refused(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    text = f"MODEL: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{victim}']]"
    with pytest.raises(EncoderError, match="is not a fast-reid configuration"):
        read_config(_write(tmp_path, text), "50x")
    assert not victim.exists()


def test_a_base_file_is_followed_and_overridden(tmp_path: Path) -> None:
    _write(tmp_path, "INPUT: {SIZE_TEST: [320, 320]}\nMODEL: {BACKBONE: {LAST_STRIDE: 2}}", "Base.yml")
    config = read_config(_write(tmp_path, "_BASE_: Base.yml\nMODEL: {BACKBONE: {LAST_STRIDE: 1}}"), "50x")
    assert (config.height, config.last_stride) == (320, 1)


def test_a_base_that_is_its_own_base_ends(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="_BASE_"):
        read_config(_write(tmp_path, "_BASE_: config.yaml"), "50x")


def test_which_file_is_taken(tmp_path: Path) -> None:
    weights = tmp_path / "model_best.pth"
    assert find_config(weights) is None
    general = _write(tmp_path, FULL)
    assert find_config(weights) == general
    own = _write(tmp_path, FULL, "model_best.yml")
    assert find_config(weights) == own
    _write(tmp_path, FULL, "model_best.yaml")
    with pytest.raises(EncoderError, match="keep one"):
        find_config(weights)
