"""Run fastdup in its own environment: argv is IMAGES RESULT CCTHRESHOLD.

Of each connected component the first file is kept, as fastdup's own ``delete_components`` does; junk by the
bounds of its documentation (blur < 50, mean < 13, mean > 220.5).
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("SENTRY_OPT_OUT", "1")
import fastdup

images, result, threshold = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
began = time.perf_counter()
with tempfile.TemporaryDirectory() as work:
    run = fastdup.create(work_dir=work, input_dir=str(images))
    run.run(ccthreshold=threshold, threshold=min(0.9, threshold), overwrite=True)
    components, _ = run.connected_components()
    stats = run.img_stats()
    invalid = run.invalid_instances()
seconds = time.perf_counter() - began
king = {}
for _, members in components.groupby("component_id"):
    names = sorted(Path(name).name for name in members["filename"])
    king.update(dict.fromkeys(names[1:], names[0]))
junk = {}
for row in stats.itertuples():
    reason = "dark" if row.mean < 13 else "bright" if row.mean > 220.5 else "blurry" if row.blur < 50 else None
    if reason:
        junk[Path(row.filename).name] = reason
errors = sorted(Path(name).name for name in invalid["filename"]) if len(invalid) else []
result.write_text(json.dumps({"king": king, "junk": junk, "errors": errors, "seconds": seconds}))
