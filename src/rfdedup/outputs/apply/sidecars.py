"""Labels that belong to images: which files they are, where they go, and whether two images agree on them."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rfdedup.model.errors import ConfigError
from rfdedup.model.items import IMAGE_SUFFIXES
from rfdedup.outputs.apply.names import split_suffix

DEFAULT_RULES = (
    "{stem}.txt",
    "labels/{stem}.txt",
    "{stem}.xml",
    "Annotations/{stem}.xml",
    "{stem}.json",
    "{stem}.xmp",
    "{name}.xmp",
    "{stem}.mask.png",
    "masks/{stem}.png",
    "SegmentationClass/{stem}.png",
    "SegmentationObject/{stem}.png",
)
"""``{stem}`` is the image's name without its suffix, ``{name}`` with it; ``TREE/`` looks into the folder TREE that
stands beside the image's ``images`` (or ``JPEGImages``) folder, at the same place below it."""

IMAGE_TREES = (b"images", b"JPEGImages")
MAX_LABEL_BYTES = 8 << 20

Signature = Mapping[str, Counter[str]]
"""Label format (``yolo``, ``voc``, ...) to how often each class occurs."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of sidecar. ``tree`` is empty for a file beside the image."""

    tree: bytes
    whole_name: bool
    ending: bytes

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Read ``[TREE/]{stem}ENDING`` or ``[TREE/]{name}ENDING``.

        Raises:
            ConfigError: it is neither.
        """
        match = re.fullmatch(r"(?:([^/\\{}]+)/)?\{(stem|name)\}(\.[^/\\{}]+)", text)
        if match is None or match[1] in (".", ".."):
            raise ConfigError(
                f"--sidecar {text!r}: write {{stem}} or {{name}} and an ending, such as {{stem}}.txt, "
                "with a folder that stands beside images/ before it, such as labels/{stem}.txt"
            )
        return cls((match[1] or "").encode(), match[2] == "name", match[3].encode())

    def folder(self, images: bytes, above: bytes = b"") -> tuple[int, bytes] | None:
        """Where sidecars of the images in a folder lie: steps to climb from the root, and the folder from there.

        Args:
            images: relative name of the images' folder, empty for the root.
            above: last component of the root itself, for roots that are an ``images`` folder.
        """
        if not self.tree:
            return 0, images
        parts = [above, *images.split(b"/")] if images else [above]
        for i in range(len(parts) - 1, -1, -1):
            if parts[i] in IMAGE_TREES:
                swapped = [*parts[:i], self.tree, *parts[i + 1 :]]
                return (1, b"/".join(swapped)) if i == 0 else (0, b"/".join(swapped[1:]))
        return None

    def leaf(self, image: bytes) -> bytes:
        """Last component of the sidecar's name, from that of the image."""
        return (image if self.whole_name else split_suffix(image)[0]) + self.ending

    def owners(self, sidecar: bytes) -> list[bytes]:
        """Where the owners of a sidecar may lie: names without their suffix or, for ``whole_name`` rules, with it.

        Args:
            sidecar: whole, ``/``-separated path.
        """
        if not sidecar.endswith(self.ending):
            return []
        owner = sidecar[: -len(self.ending)]
        folder, slash, leaf = owner.rpartition(b"/")
        if not leaf:
            return []
        if not self.tree:
            return [owner]
        parts = folder.split(b"/")
        found = []
        for i, part in enumerate(parts):
            # the tree stands for the last images folder of the owner's path, so none may come after it
            if part == self.tree and not set(parts[i + 1 :]) & set(IMAGE_TREES):
                found += [b"/".join([*parts[:i], images, *parts[i + 1 :]]) + slash + leaf for images in IMAGE_TREES]
        return found


_SUFFIXES = frozenset(suffix[1:] for suffix in IMAGE_SUFFIXES)


def parse_rules(texts: tuple[str, ...]) -> tuple[Rule, ...]:
    return tuple(Rule.parse(text) for text in texts)


def is_image_name(name: bytes) -> bool:
    return split_suffix(name.rpartition(b"/")[2])[1][1:].decode("ascii", "replace").lower() in _SUFFIXES


def signature(name: bytes, read: Callable[[], bytes]) -> dict[str, Counter[str]]:
    """Format and classes that a sidecar holds.

    Metadata (``.xmp``) labels nothing and is not read. A file that cannot be parsed counts as one of class ``?``.
    """
    parser = _PARSERS.get(split_suffix(name)[1].lower())
    if parser is None:
        return {}
    kind, classes = parser(read())
    return {kind: classes}


def disagreement(dropped: Signature, king: Signature) -> str | None:
    """Why the labels of a dropped image are not those of its king; None if nothing is lost with it."""
    for kind, classes in dropped.items():
        if kind not in king:
            if classes:
                return f"it has {kind} labels and its king has none"
        elif sum(classes.values()) != sum(king[kind].values()):
            return f"{sum(classes.values())} {kind} labels, {sum(king[kind].values())} on its king"
        elif classes != king[kind]:
            return f"{kind} classes {_names(classes)}, {_names(king[kind])} on its king"
    return None


def _names(classes: Counter[str]) -> str:
    return ", ".join(sorted(classes))


def _text_labels(data: bytes) -> tuple[str, Counter[str]]:
    lines = [line.split() for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
    if all(len(line) >= 5 and line[0].isdecimal() and _numbers(line[1:]) for line in lines):
        return "yolo", Counter(line[0] for line in lines)
    return "caption", Counter({"caption": 1})


def _numbers(words: list[str]) -> bool:
    try:
        return all(float(word) == float(word) for word in words)
    except ValueError:
        return False


def _voc_labels(data: bytes) -> tuple[str, Counter[str]]:
    # a document type may carry entities that blow up; Pascal VOC files have none
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return "voc", Counter("?")
    try:
        root = ElementTree.fromstring(data)  # noqa: S314
    except ElementTree.ParseError:
        return "voc", Counter("?")
    return "voc", Counter((item.findtext("name") or "?").strip() for item in root.iter("object"))


def _json_labels(data: bytes) -> tuple[str, Counter[str]]:
    try:
        shapes = json.loads(data)["shapes"]
        return "labelme", Counter(str(shape["label"]) for shape in shapes)
    except (ValueError, KeyError, TypeError, RecursionError):
        return "json", Counter("?")


def _mask(_: bytes) -> tuple[str, Counter[str]]:
    return "mask", Counter({"mask": 1})


_PARSERS: dict[bytes, Callable[[bytes], tuple[str, Counter[str]]]] = {
    b".txt": _text_labels,
    b".xml": _voc_labels,
    b".json": _json_labels,
    b".png": _mask,
}
