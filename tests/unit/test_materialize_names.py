"""Names of copies: no name leads out of its folder, and no two are one on any system."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfdedup.outputs.materialize.names import Names, fold, portable

NAMES = st.text(st.characters(codec="utf-8") | st.sampled_from("/\\.: \udc80\udcff\0"), max_size=40)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "__/__/etc/passwd"),
        ("/absolute/a.jpg", "absolute/a.jpg"),
        ("C:\\Windows\\a.jpg", "C__Windows_a.jpg"),
        ("con.jpg", "_con.jpg"),
        ("LPT1", "_LPT1"),
        ("a. ", "a__"),
        ("na\udcffme.jpg", "na%FFme.jpg"),
        ("a//./b.jpg", "a/b.jpg"),
        ("", "_"),
        ("..", "__"),
    ],
)
def test_odd_names_become_harmless(name: str, safe: str) -> None:
    assert portable(name) == safe


@given(NAMES)
def test_no_name_leads_out_of_its_folder_on_any_system(name: str) -> None:
    safe = portable(name)
    safe.encode("utf-8")
    for kind in (PurePosixPath, PureWindowsPath):
        path = kind(safe)
        assert not path.is_absolute()
        assert not path.drive
        assert ".." not in path.parts
        assert "." not in safe.split("/")
    assert all(0 < len(part.encode()) <= 200 for part in safe.split("/"))
    assert portable(safe) == safe


@given(st.lists(NAMES, max_size=12), st.booleans())
def test_no_two_names_are_one_and_none_is_a_folder_of_another(wanted: list[str], by_stem: bool) -> None:
    def given_names() -> list[str]:
        names = Names(by_stem=by_stem)
        return [names.take(portable(name), f"{i}/{name}") for i, name in enumerate(wanted)]

    found = given_names()
    assert found == given_names()
    folded = [fold(str(PurePosixPath(name).with_suffix("")) if by_stem else name) for name in found]
    assert len(set(folded)) == len(folded)
    whole = {fold(name) for name in found}
    for name in found:
        for above in PurePosixPath(name).parents:
            assert fold(str(above)) not in whole
