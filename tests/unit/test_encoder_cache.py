"""The cache of converted networks: atomic, checksummed, rebuilt when damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from rfdedup.encoders import cache
from rfdedup.model.errors import EncoderError

FACTS = {"name": "net", "weights_sha256": "ab" * 32}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RFDEDUP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _write(model: Path) -> None:
    model.write_text("<net/>", encoding="utf-8")
    model.with_suffix(".bin").write_bytes(bytes(1000))


def test_store_then_find() -> None:
    assert cache.find("net", FACTS) is None
    stored = cache.store("net", FACTS, _write)
    assert cache.find("net", FACTS) == stored
    assert stored.model.read_text(encoding="utf-8") == "<net/>"
    assert cache.entries("net") == [stored]


def test_other_facts_are_another_entry() -> None:
    cache.store("net", FACTS, _write)
    assert cache.find("net", FACTS | {"weights_sha256": "cd" * 32}) is None
    assert cache.find("net", FACTS | {"revision": 2}) is None


def test_names_that_begin_alike_are_kept_apart() -> None:
    cache.store("net-int8", {"name": "net-int8"}, _write)
    assert cache.entries("net") == []


@pytest.mark.parametrize("file", ["model.xml", "model.bin", "entry.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_entry_is_none_and_is_built_again(file: str, damage: str) -> None:
    victim = cache.store("net", FACTS, _write).model.with_name(file)
    data = victim.read_bytes()
    if damage == "remove":
        victim.unlink()
    else:
        victim.write_bytes(data[:-1] if damage == "cut" else bytes([data[0] ^ 1]) + data[1:])
    if (file, damage) == ("entry.json", "cut"):
        assert cache.find("net", FACTS) is not None, "only the last newline is gone"
        return
    assert cache.find("net", FACTS) is None
    assert cache.entries("net") == []
    assert cache.store("net", FACTS, _write) == cache.find("net", FACTS)


def test_a_failing_conversion_leaves_nothing(own_cache: Path) -> None:
    def fail(model: Path) -> None:
        _write(model)
        raise EncoderError("no")

    with pytest.raises(EncoderError, match="no"):
        cache.store("net", FACTS, fail)
    assert list((own_cache / "encoders").iterdir()) == []


def test_a_second_maker_finds_the_first_one_s_entry() -> None:
    def race(model: Path) -> None:
        cache.store("net", FACTS, _write)
        _write(model)

    assert cache.store("net", FACTS, race) == cache.find("net", FACTS)


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RFDEDUP_CACHE", str(tmp_path / "file"))
    with pytest.raises(EncoderError, match="set RFDEDUP_CACHE"):
        cache.store("net", FACTS, _write)
    assert cache.entries("net") == []


def test_an_entry_that_names_files_elsewhere_is_not_trusted(tmp_path: Path) -> None:
    stored = cache.store("net", FACTS, _write)
    record = stored.model.with_name("entry.json")
    record.write_text(record.read_text(encoding="utf-8").replace("model.bin", "../../outside.bin"), encoding="utf-8")
    assert cache.find("net", FACTS) is None
