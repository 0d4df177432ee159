"""Which files stand for all."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from rfdedup.model.items import Item
from rfdedup.pipeline.planning import sampling
from rfdedup.pipeline.planning.recording import Recorder
from rfdedup.runtime.progress import Silent
from rfdedup.sources.folder import scan


def files_of(sizes: list[int]) -> list[Item]:
    return [Item("/in", f"{i:05d}.jpg", size, 0, i, 1, 1) for i, size in enumerate(sizes)]


def test_sizes_are_spread_as_those_of_all() -> None:
    off, plain = [], []
    for seed in range(10):
        sizes = np.random.default_rng(seed).lognormal(12, 1.2, 20_000).astype(int).tolist()
        files = files_of(sizes)
        chosen = sampling.sample_by_size(files, 400)
        assert len(set(chosen)) == 400
        off.append(np.mean([file.size for file in chosen]) / np.mean(sizes) - 1)
        plain.append(np.mean(random.Random(seed).sample(sizes, 400)) / np.mean(sizes) - 1)
    assert np.std(off) < 0.5 * np.std(plain)
    assert abs(np.mean(off)) < 0.03


def test_two_copies_of_one_size_can_both_be_chosen() -> None:
    sizes = np.random.default_rng(0).lognormal(12, 1.2, 2_000).astype(int)
    files = files_of(np.repeat(sizes, 2).tolist())
    chosen = [file.inode // 2 for file in sampling.sample_by_size(files, 800)]
    both = len(chosen) - len(set(chosen))
    # of 2,000 pairs, each end with one chance in five
    assert 60 < both < 100


def test_the_order_of_files_does_not_matter_and_names_do_not_either() -> None:
    files = files_of([7] * 300)
    chosen = sampling.sample_by_size(files, 30)
    assert set(sampling.sample_by_size(files[::-1], 30)) == set(chosen)
    numbers = [files.index(file) for file in chosen]
    assert numbers == sorted(numbers)
    # of one size, chance decides: not every tenth
    assert len(set(np.diff(numbers))) > 5
    assert sampling.sample_by_size(files, 300) == files


def test_copies_are_counted_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in {"a": b"xx", "b": b"xx", "c": b"xx", "d": b"yy", "e": b"longer"}.items():
        (tmp_path / name).write_bytes(content)
    files = scan([tmp_path]).files
    sampled = [files[0], files[3], files[4]]
    assert sampling.copies_of(sampled, files).tolist() == [3, 1, 1]
    monkeypatch.setattr(sampling, "MOST_OF_ONE_SIZE", 3)
    assert sampling.copies_of(sampled, files).tolist() == [1, 1, 1]


def test_a_file_that_is_gone_is_no_copy(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"xx")
    files = scan([tmp_path]).files
    (tmp_path / "b").unlink()
    assert sampling.copies_of(files, files).tolist() == [1, 1]


def test_the_recorder_remembers_each_stretch_of_a_stage() -> None:
    recorder = Recorder(Silent())
    for count in (0, 3, 2):
        recorder.start("embed", 10)
        recorder.advance(count)
        recorder.finish()
    recorder.start("link", 0)
    recorder.finish()
    main = recorder.main_window("embed")
    assert main is not None
    assert main.images == 3
    assert main.seconds >= 0
    assert recorder.main_window("link") is None
    assert recorder.main_window("nothing") is None
