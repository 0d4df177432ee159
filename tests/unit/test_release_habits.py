"""What a release rests on: fragments of the changelog, versions that agree, actions that nobody can exchange."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

REPO = Path(__file__).resolve().parents[2]
SCRIPT, WORKFLOWS = REPO / "scripts" / "changelog.py", REPO / ".github" / "workflows"
needs_repository = pytest.mark.skipif(not WORKFLOWS.is_dir(), reason="needs the repository: the sdist has no workflows")

OLD = "# Changelog\n\nWords.\n\n## 0.2.0 – unreleased\n\n### Added\n\n- One thing.\n\n## 0.1.0 – 2025-01-02\n\n- All.\n"


@pytest.fixture(scope="module")
def changelog() -> ModuleType:
    if not SCRIPT.is_file():
        pytest.skip("needs the repository: the sdist has no scripts")
    spec = importlib.util.spec_from_file_location("changelog", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "CHANGELOG.md").write_text(OLD, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (tmp_path / "src/rfdedup/model").mkdir(parents=True)
    (tmp_path / "src/rfdedup/model/version.py").write_text('__version__ = "0.2.0"\n')
    for name, text in {
        "10.added.md": "The tenth\nthing.",
        "9.added.md": "A ninth.",
        "9.2.fixed.md": "A fault.",
    }.items():
        (tmp_path / "changelog.d" / name).write_text(text + "\n", encoding="utf-8")
    return tmp_path


def test_our_own_fragments_parse(changelog: ModuleType) -> None:
    changelog.fragments(REPO)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("16.better.md", "A thing."),
        ("added.md", "A thing."),
        ("16.added.txt", "A thing."),
        ("16.added.md", ""),
        ("16.added.md", "- A bullet."),
        ("16.added.md", "# A heading."),
        ("16.added.md", "No end"),
        ("16.added.md", "Too long. " * 100),
    ],
)
def test_what_is_no_fragment_is_named(changelog: ModuleType, repo: Path, name: str, text: str) -> None:
    (repo / "changelog.d" / name).write_text(text, encoding="utf-8")
    with pytest.raises(changelog.WrongError, match=re.escape(name)):
        changelog.fragments(repo)


def test_fragments_go_below_their_headings_and_what_was_written_stays(changelog: ModuleType, repo: Path) -> None:
    changelog.collect(repo, "0.2.0", "2026-11-27")
    expected = (
        "# Changelog\n\nWords.\n\n## 0.2.0 – 2026-11-27\n\n"
        "### Added\n\n- One thing.\n- A ninth.\n- The tenth thing.\n\n"
        "### Fixed\n\n- A fault.\n\n## 0.1.0 – 2025-01-02\n\n- All.\n"
    )
    assert (repo / "CHANGELOG.md").read_text(encoding="utf-8") == expected
    assert list((repo / "changelog.d").iterdir()) == []
    changelog.release(repo, "v0.2.0")
    with pytest.raises(changelog.WrongError, match="is released"):
        changelog.collect(repo, "0.2.0", "2026-11-28")


def test_a_new_version_gets_a_section_of_its_own(changelog: ModuleType, repo: Path) -> None:
    changelog.collect(repo, "0.3.0", "2026-11-27")
    text = (repo / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.startswith("# Changelog\n\nWords.\n\n## 0.3.0 – 2026-11-27\n\n### Added\n\n- A ninth.\n")
    assert text.endswith("\n- A fault.\n\n" + OLD[OLD.index("## 0.2.0") :])


def test_a_release_needs_tag_versions_and_changelog_to_agree(changelog: ModuleType, repo: Path) -> None:
    with pytest.raises(changelog.WrongError, match=r"unreleased.*\n.*3 fragments"):
        changelog.release(repo, "v0.2.0")
    changelog.collect(repo, "0.2.0", "2026-11-27")
    with pytest.raises(changelog.WrongError, match=r"the tag is v0\.2\.1"):
        changelog.release(repo, "v0.2.1")
    (repo / "src/rfdedup/model/version.py").write_text('__version__ = "0.1.0"\n')
    with pytest.raises(changelog.WrongError, match=r"version\.py does not name"):
        changelog.release(repo, "v0.2.0")


@needs_repository
def test_contributing_names_files_and_layers_that_there_are() -> None:
    text = (REPO / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:\w+/)+(?:\w+\.(?:py|json))?)`", text)
    assert len(named) > 15
    places = (REPO, REPO / "src" / "rfdedup")
    assert [path for path in named if not any((place / path).exists() for place in places)] == []
    picture = re.search(r"```\n(cli .*?)```", text, re.DOTALL)
    assert picture is not None
    drawn = re.findall(r"(?m)^(\w+) ", picture[1])
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    layers = re.findall(r"rfdedup\.(\w+)", " ".join(project["tool"]["importlinter"]["contracts"][0]["layers"]))
    assert drawn == [layer for layer in layers if layer != "__main__"]


@needs_repository
@pytest.mark.parametrize("file", sorted(WORKFLOWS.glob("*.yml")), ids=lambda file: file.name)
def test_actions_are_pinned_by_commit(file: Path) -> None:
    uses = re.findall(r"uses:\s*(.+)", file.read_text(encoding="utf-8"))
    assert uses
    for line in uses:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
