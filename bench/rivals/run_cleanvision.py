"""Run cleanvision in its own environment: argv is IMAGES RESULT. Of each set of duplicates the first is kept."""

import json
import sys
import time
from pathlib import Path

from cleanvision import Imagelab


def main() -> None:
    images, result = Path(sys.argv[1]), Path(sys.argv[2])
    began = time.perf_counter()
    lab = Imagelab(data_path=str(images))
    lab.find_issues()
    seconds = time.perf_counter() - began
    junk, king = {}, {}
    for issue in ("dark", "light", "blurry", "low_information"):
        for name in lab.issues.index[lab.issues[f"is_{issue}_issue"]]:
            junk.setdefault(Path(name).name, issue)
    for kind in ("exact_duplicates", "near_duplicates"):
        for members in lab.info[kind]["sets"]:
            names = sorted(Path(name).name for name in members)
            for name in names[1:]:
                king.setdefault(name, names[0])
    # a set of the second kind may name a king that the first kind made a subject
    for name in king:
        while king[name] in king and king[name] != name:
            king[name] = king[king[name]]
    result.write_text(json.dumps({"king": king, "junk": junk, "errors": [], "seconds": seconds}))


if __name__ == "__main__":
    main()
