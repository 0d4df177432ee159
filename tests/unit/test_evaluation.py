"""Scores against hand-counted cases."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfdedup.model.errors import InputError
from rfdedup.model.schemas import LINKS, VERDICTS
from rfdedup.outputs.evaluation import Ratio, evaluate
from rfdedup.outputs.truth import TruthRow, read_truth, write_truth


def table(**verdicts: str) -> pa.Table:
    """Verdicts by name: "keep", "error", "blurry" (dropped for quality), or the king's name."""
    rows = []
    for path, said in verdicts.items():
        duplicate = said not in ("keep", "error", "blurry")
        rows.append(
            {
                "path": path,
                "root": "in",
                "verdict": said if said in ("keep", "error") else "drop",
                "tier": "semantic" if duplicate else "quality" if said == "blurry" else None,
                "reason": "blurry" if said == "blurry" else None,
                "king": said if duplicate else None,
                "king_root": "in" if duplicate else None,
                "flags": [],
                "path_bytes": path.encode(),
                "mtime_ns": 0,
                "inode": 0,
                "device": 0,
            }
        )
    return pa.Table.from_pylist(rows, schema=VERDICTS)


def links(*rows: tuple[int, int, str, float]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(("a", "b", "tier", "score"), row, strict=True)) for row in rows], schema=LINKS
    )


CAT = [
    TruthRow("cat", "1", "original", "cat"),
    TruthRow("cat_exact", "1", "exact", "cat"),
    TruthRow("cat_half", "1", "half", "cat"),
    TruthRow("cat_crop", "1", "crop", "cat"),
]
DOG = [TruthRow("dog", "2", "original", "dog"), TruthRow("dog_half", "2", "half", "dog")]
JUNK = [TruthRow("fog", None, "blurred", "dog"), TruthRow("torn", None, "truncated", "dog")]


def test_perfect_run() -> None:
    verdicts = table(
        cat="keep", cat_exact="cat", cat_half="cat", cat_crop="cat", dog="keep", dog_half="dog", fog="blurry",
        torn="error",
    )  # fmt: skip
    scores = evaluate(CAT + DOG + JUNK, verdicts)
    assert scores.precision == Ratio(4, 4)
    assert scores.recall == Ratio(4, 4)
    assert scores.recall_by_kind == {"exact": Ratio(1, 1), "half": Ratio(2, 2), "crop": Ratio(1, 1)}
    assert scores.pair_precision == scores.pair_recall == Ratio(7, 7)
    assert scores.group_precision == scores.group_recall == Ratio(2, 2)
    assert (scores.sources, scores.sources_lost) == (2, 0)
    assert scores.kings == Ratio(2, 2)
    assert scores.junk == Ratio(1, 1)
    assert scores.broken == Ratio(1, 1)
    assert scores.good_called_junk == Ratio(0, 6)
    assert scores.wrong == scores.missed == scores.wrong_kings == scores.false_junk == ()


def test_wrong_drop_loses_a_picture_and_names_the_pair() -> None:
    verdicts = table(
        cat="keep", cat_exact="cat", cat_half="cat", cat_crop="keep", dog="cat", dog_half="cat", fog="keep",
        torn="keep",
    )  # fmt: skip
    scores = evaluate(CAT + DOG + JUNK, verdicts)
    assert scores.precision == Ratio(2, 4)
    assert scores.wrong == (("dog", "cat"), ("dog_half", "cat"))
    assert scores.recall == Ratio(2, 4)
    assert scores.missed == ("cat_crop", "dog_half")
    # five files in one group of the run: ten pairs, of which 3 cats and 1 dog are right
    assert scores.pair_precision == Ratio(4, 10)
    assert scores.pair_recall == Ratio(4, 7)
    assert scores.group_precision == Ratio(0, 1)
    assert scores.group_recall == Ratio(0, 2)
    assert (scores.sources_lost, scores.sources_called_junk) == (1, 0)
    assert scores.junk == Ratio(0, 1)
    assert scores.broken == Ratio(0, 1)


def test_copy_that_dethrones_the_original_is_found_but_the_king_is_wrong() -> None:
    verdicts = table(cat="cat_half", cat_exact="cat_half", cat_half="keep", cat_crop="cat_half")
    scores = evaluate(CAT, verdicts)
    assert scores.recall == Ratio(3, 3)
    assert scores.kings == Ratio(0, 1)
    assert scores.wrong_kings == (("cat", "cat_half"),)
    exact = evaluate(CAT, table(cat="cat_exact", cat_exact="keep", cat_half="cat_exact", cat_crop="cat_exact"))
    assert exact.kings == Ratio(1, 1)
    assert exact.recall == Ratio(3, 3)


def test_copies_kept_beside_each_other_are_not_found() -> None:
    # cat_half is the king of another copy, but the original is kept as well
    scores = evaluate(CAT, table(cat="keep", cat_exact="cat", cat_half="keep", cat_crop="cat_half"))
    assert scores.recall_by_kind == {"exact": Ratio(1, 1), "half": Ratio(0, 1), "crop": Ratio(1, 1)}
    assert scores.group_recall == Ratio(0, 1)


def test_dropping_good_images_for_quality_is_no_recall() -> None:
    scores = evaluate(CAT + DOG, table(cat="keep", cat_exact="cat", cat_half="blurry", cat_crop="cat",
                                       dog="blurry", dog_half="error"))  # fmt: skip
    assert scores.recall_by_kind["half"] == Ratio(0, 2)
    assert scores.good_called_junk == Ratio(2, 6)
    assert scores.originals_called_junk == Ratio(1, 2)
    assert scores.false_junk == (("cat_half", "blurry"), ("dog", "blurry"))
    assert (scores.sources_lost, scores.sources_called_junk) == (1, 1)


def test_junk_merged_with_the_picture_it_shows_is_not_a_wrong_drop() -> None:
    scores = evaluate(DOG + JUNK, table(dog="keep", dog_half="dog", fog="dog", torn="dog"))
    # a broken file shows nothing
    assert scores.precision == Ratio(2, 3)
    assert scores.junk == Ratio(1, 1)


def test_truth_without_kinds_and_files_that_only_one_side_knows() -> None:
    truth = [TruthRow("a", "1"), TruthRow("b", "1"), TruthRow("c", "1"), TruthRow("d", None), TruthRow("gone", "1")]
    scores = evaluate(truth, table(a="b", b="keep", c="keep", d="new", new="keep"))
    assert (scores.files, scores.unknown, scores.absent) == (4, 1, 1)
    assert scores.recall == Ratio(1, 2)
    assert scores.recall_by_kind == {}
    assert scores.kings.value is None
    assert scores.precision == Ratio(1, 2)
    assert scores.wrong == (("d", "?"),)


def test_curve_counts_links_of_the_same_picture_only_as_right() -> None:
    verdicts = table(cat="keep", cat_exact="cat", cat_half="cat", cat_crop="keep", dog="keep", dog_half="dog")
    scores = evaluate(
        CAT + DOG,
        verdicts,
        links((0, 1, "exact", 0.0), (0, 2, "semantic", 0.95), (0, 4, "semantic", 0.61), (4, 5, "semantic", 0.705)),
    )
    at = {point.threshold: point for point in scores.curve}
    assert at[0.6].right == Ratio(2, 3)
    assert at[0.62].right == Ratio(2, 2)
    assert at[0.7].joined == Ratio(3, 4)
    assert at[0.72].joined == Ratio(2, 4)
    assert at[0.96].right == Ratio(0, 0)
    assert at[0.96].joined == Ratio(1, 4)


def test_scores_are_json(tmp_path: Path) -> None:
    scores = evaluate(CAT, table(cat="keep", cat_exact="cat"), links((0, 1, "semantic", 0.9)))
    value = json.loads(json.dumps(scores.as_dict()))
    assert value["recall"] == {"value": 1.0, "hits": 1, "total": 1}
    assert value["junk"]["value"] is None
    assert value["curve"][0]["threshold"] == 0.9


def test_truth_that_does_not_fit_the_run_is_an_error() -> None:
    with pytest.raises(InputError, match="no file of the truth is in the run"):
        evaluate(CAT, table(other="keep"))
    twice = pa.concat_tables([table(cat="keep"), table(cat="keep")])
    with pytest.raises(InputError, match="two of the run's inputs"):
        evaluate(CAT, twice)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\na,1\n", "no column 'group'"),
        ("", "no column 'path'"),
        ("path,group\n", "names no files"),
        ("path,group\na,1\na,2\n", "names a 2 times"),
    ],
)
def test_bad_truth_files(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "truth.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read_truth(file)
    with pytest.raises(InputError, match="cannot read"):
        read_truth(tmp_path / "none.csv")


def test_foreign_truth_spellings(tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    file.write_bytes(b"\xef\xbb\xbfpath,group\r\n./a\\b.jpg,7\r\nc.jpg,\r\n")
    assert read_truth(file) == [TruthRow("a/b.jpg", "7"), TruthRow("c.jpg", None)]


names = st.text(st.characters(exclude_characters="\\\0\r", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: not name.startswith("./")
)


rows_of_truth = st.builds(TruthRow, names, st.none() | names, names, st.none() | names)


@given(st.lists(rows_of_truth, min_size=1, unique_by=lambda row: row.path))
def test_truth_round_trip(tmp_path_factory: pytest.TempPathFactory, rows: list[TruthRow]) -> None:
    file = tmp_path_factory.mktemp("truth") / "truth.csv"
    write_truth(file, [*rows, TruthRow("not-\udcffutf8", "1")])
    assert read_truth(file) == [*rows, TruthRow("not-\udcffutf8", "1")]
