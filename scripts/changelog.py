"""Changes are told in a file each, so that branches do not meet in one: changelog.d/NN.kind.md, NN an issue.

python3 scripts/changelog.py check            names and texts of the fragments
python3 scripts/changelog.py collect 0.2.0    move them into CHANGELOG.md, below that version and today's date
python3 scripts/changelog.py release v0.2.0   the tag, the version of the package and the changelog agree, or exit 1

A second change of a kind for the same issue is NN.2.kind.md. Needs nothing but Python.
"""

from __future__ import annotations

import re
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
"""Headings of https://keepachangelog.com."""
NAME = re.compile(rf"[0-9]+(\.[0-9]+)?\.({'|'.join(KINDS)})\.md")
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
LONGEST = 600
UNRELEASED = "unreleased"


class WrongError(Exception):
    """What does not fit, in a line each."""


def fragments(repo: Path) -> dict[str, list[str]]:
    """Texts by kind, by number within a kind.

    Raises:
        WrongError: a name or a text is not what a fragment has.
    """
    found: dict[str, list[str]] = {}
    wrong = []
    # 9.fixed.md before 10.fixed.md
    for file in sorted(files(repo), key=lambda file: [int(part) for part in re.findall("[0-9]+", file.name)]):
        match = NAME.fullmatch(file.name)
        text = " ".join(file.read_text(encoding="utf-8").split())
        if match is None:
            wrong.append(f"{file.name}: the name is not NN.kind.md with a kind of {', '.join(KINDS)}")
        elif not text or text[0] in "#-*" or text[-1] not in ".)`" or len(text) > LONGEST:
            wrong.append(f"{file.name}: not a paragraph of sentences of up to {LONGEST} characters without a bullet")
        else:
            found.setdefault(match[2], []).append(text)
    if wrong:
        raise WrongError("\n".join(wrong))
    return found


def files(repo: Path) -> list[Path]:
    return [file for file in (repo / "changelog.d").iterdir() if file.name not in ("README.md", ".gitkeep")]


def sections(text: str) -> tuple[str, list[tuple[str, str]]]:
    """What stands before the first version, and head and body of each."""
    before, *rest = re.split(r"(?m)^## ", text)
    return before, [(part.partition("\n")[0], part.partition("\n")[2]) for part in rest]


def collect(repo: Path, version: str, day: str) -> None:
    """Move the fragments below the head of a version, which is dated; one that is unreleased keeps what it has.

    Raises:
        WrongError: a fragment does not parse, the version is none, or it was released.
    """
    if VERSION.fullmatch(version) is None:
        raise WrongError(f"{version!r} is not a version like 1.2.3")
    new = fragments(repo)
    file = repo / "CHANGELOG.md"
    before, known = sections(file.read_text(encoding="utf-8"))
    body = "\n"
    if known and known[0][0].split()[0] == version:
        head, body = known.pop(0)
        if not head.endswith(UNRELEASED):
            raise WrongError(f"CHANGELOG.md says that {version} is released: {head}")
    for kind in KINDS:
        if kind in new:
            body = with_lines(body, kind.capitalize(), [f"- {text}\n" for text in new[kind]])
    known.insert(0, (f"{version} – {day}", body if body.endswith("\n\n") or not known else body + "\n"))
    file.write_text(before + "".join(f"## {head}\n{body}" for head, body in known), encoding="utf-8", newline="\n")
    for fragment in files(repo):
        fragment.unlink()


def with_lines(body: str, heading: str, lines: list[str]) -> str:
    """A section with bullets appended below a heading, which is made where there is none."""
    parts = re.split(r"(?m)^(?=### )", body)
    for i, part in enumerate(parts):
        if part.startswith(f"### {heading}\n"):
            parts[i] = part.rstrip("\n") + "\n" + "".join(lines) + "\n"
            return "".join(parts).rstrip("\n") + "\n"
    kept = body.rstrip("\n") + "\n" if body.strip() else ""
    return kept + f"\n### {heading}\n\n" + "".join(lines)


def release(repo: Path, tag: str) -> None:
    """Hold a tag against what is about to be published.

    Raises:
        WrongError: it is not the version of the package, or the changelog does not say that this is released.
    """
    version = tomllib.loads((repo / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    code = re.search('__version__ = "(.*)"', (repo / "src/rfdedup/model/version.py").read_text(encoding="utf-8"))
    head = next((head for head, _ in sections((repo / "CHANGELOG.md").read_text(encoding="utf-8"))[1]), "")
    wrong = []
    if tag != f"v{version}":
        wrong.append(f"the tag is {tag}, pyproject.toml has version {version}")
    if code is None or code[1] != version:
        wrong.append(f"src/rfdedup/model/version.py does not name version {version}")
    if re.fullmatch(rf"{re.escape(version)} – [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}", head) is None:
        wrong.append(f"CHANGELOG.md begins with {head!r}, not with {version} and a date: run collect {version}")
    if left := files(repo):
        wrong.append(f"changelog.d holds {len(left)} fragments that no version tells: run collect {version}")
    if wrong:
        raise WrongError("\n".join(wrong))


def main(words: list[str]) -> None:
    try:
        match words:
            case ["check"]:
                fragments(REPO)
            case ["collect", version]:
                collect(REPO, version, datetime.now(UTC).strftime("%Y-%m-%d"))
            case ["release", tag]:
                release(REPO, tag)
            case _:
                sys.exit(__doc__)
    except WrongError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
