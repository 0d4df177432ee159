"""Stages: what they count and how long they take."""

from __future__ import annotations

import time

from rfdedup.runtime.progress import Watch


class Spoken:
    """A ``Progress`` that writes down what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, object]] = []

    def start(self, stage: str, total: int | None) -> None:
        self.heard.append((stage, total))

    def advance(self, count: int) -> None:
        self.heard.append(("advance", count))

    def finish(self) -> None:
        self.heard.append(("finish", None))


def test_a_stage_within_a_stage_interrupts_it() -> None:
    spoken = Spoken()
    watch = Watch(spoken)
    with watch.stage("link", 5):
        watch.advance(2)
        with watch.stage("re-measure", None):
            time.sleep(0.05)
            watch.advance(7)
        watch.advance(3)
    link, again = watch.stages
    assert (link.name, link.images, again.name, again.images) == ("link", 5, "re-measure", 7)
    assert again.seconds >= 0.04
    assert again.seconds > link.seconds
    assert spoken.heard == [
        *[("link", 5), ("advance", 2), ("finish", None)],
        *[("re-measure", None), ("advance", 7), ("finish", None)],
        *[("link", 3), ("advance", 3), ("finish", None)],
    ]


def test_stages_of_one_name_add_up() -> None:
    watch = Watch(Spoken())
    for _ in range(2):
        with watch.stage("embed", 4):
            watch.advance(4)
    assert [stage.images for stage in watch.stages] == [8]
