"""What every source keeps to. Subclass ``SourceContract`` for a new one; see ``test_sources.py``."""

from __future__ import annotations

import itertools
import pickle
from typing import ClassVar

import pytest

from rfdedup.model.items import Item
from rfdedup.sources import plan
from rfdedup.sources.base import Source


class SourceContract:
    """``made`` gives a source that holds what ``wanted`` says, and ``changed`` alters one of its items."""

    alone: ClassVar = True
    """Whether each item is a file of its own; members of a container change together with it."""
    wanted: ClassVar = {
        f"{folder}{number}.jpg": b"%s %d" % (folder.encode(), number)
        for folder in ("", "a/", "b/c/")
        for number in range(4)
    }

    @pytest.fixture
    def source(self) -> Source:
        return self.made()

    def made(self) -> Source:
        raise NotImplementedError

    def changed(self, key: str) -> None:
        """Replace the content of an item by one of another length."""
        raise NotImplementedError

    def gone(self, key: str) -> None:
        """Take an item away."""
        raise NotImplementedError

    def test_the_plan_has_every_item_once_in_one_order(self, source: Source) -> None:
        items = [item for shard in source.plan() for item in shard]
        assert {item.key for item in items} == set(self.wanted)
        assert len(items) == len(self.wanted)
        assert items == sorted(items, key=lambda item: item.sort_key)
        assert source.plan() == source.plan()
        assert all(item.size == len(self.wanted[item.key]) for item in items)

    def test_the_plan_is_cut_into_shards_of_a_fixed_size(self, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = list(itertools.chain(*source.plan()))
        monkeypatch.setattr(plan, "SHARD_ROWS", 5)
        shards = source.plan()
        assert [len(shard) for shard in shards] == [5, 5, 2]
        assert list(itertools.chain(*shards)) == whole

    def test_source_and_items_travel_to_workers(self, source: Source) -> None:
        there: Source = pickle.loads(pickle.dumps(source))
        items = pickle.loads(pickle.dumps(source.plan()[0]))
        assert items == there.plan()[0]
        assert all(isinstance(item, Item) for item in items)
        with there.open() as reader:
            assert list(reader.fetch(items)) == [self.wanted[item.key] for item in items]

    def test_items_are_fetched_many_at_once_and_again_in_any_order(self, source: Source) -> None:
        items = list(itertools.chain(*source.plan()))
        with source.open() as reader:
            for some in (items, items[::-1], items[3:5], []):
                assert list(reader.fetch(some)) == [self.wanted[item.key] for item in some]

    def test_an_item_that_changed_or_went_costs_itself(self, source: Source) -> None:
        items = list(itertools.chain(*source.plan()))
        self.changed(items[1].key)
        self.gone(items[3].key)
        with source.open() as reader:
            found = list(reader.fetch(items))
        bad = [i for i, result in enumerate(found) if not isinstance(result, bytes)]
        if not self.alone:
            assert {result[0] for result in found if isinstance(result, tuple)} == {"unstable"}
            assert len(bad) == len(items)
            return
        assert bad == [1, 3]
        assert [result[0] for result in found if isinstance(result, tuple)] == ["unstable", "unreadable"]
