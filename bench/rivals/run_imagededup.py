"""Run imagededup in its own environment: argv is IMAGES RESULT METHOD MAX_DISTANCE (or MIN_SIMILARITY for CNN).

METHOD CNN-untrained is CNN with random weights, for measurements of speed where the trained ones cannot be fetched.
"""

import json
import sys
import time
from pathlib import Path

from imagededup import methods


def cnn(method: str) -> methods.CNN:
    if method == "CNN":
        return methods.CNN()
    from imagededup.utils import models

    build = models.models.mobilenet_v3_small
    models.models.mobilenet_v3_small = lambda **_: build(weights=None)
    return methods.CNN()


def main() -> None:
    images, result, method, bound = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    began = time.perf_counter()
    if method.startswith("CNN"):
        found = cnn(method).find_duplicates(image_dir=str(images), min_similarity_threshold=bound)
    else:
        found = getattr(methods, method)().find_duplicates(image_dir=str(images), max_distance_threshold=int(bound))
    seconds = time.perf_counter() - began
    # find_duplicates_to_remove walks this mapping in order and removes what a file that still stands names
    king = {}
    for name, others in found.items():
        if name not in king:
            for other in others:
                king.setdefault(other, name)
    unread = sorted({file.name for file in images.iterdir()} - set(found))
    result.write_text(json.dumps({"king": king, "junk": {}, "errors": unread, "seconds": seconds}))


if __name__ == "__main__":
    main()
