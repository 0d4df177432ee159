"""INPUT as Python hands it over: names as the command takes them, or images, which the run folder keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rfdedup.model.errors import InputError
from rfdedup.model.version import __version__
from rfdedup.pipeline.inputs import InputOptions, Inputs
from rfdedup.runtime.progress import Watch
from rfdedup.sources.handed_over import taken
from rfdedup.sources.kept_images import keep_images
from rfdedup.storage.run_folder import RunFolder


def inputs_from(given: Any, options: InputOptions, out: Path, watch: Watch) -> Inputs:
    """What a scan goes through. Images of memory are written to ``out`` first, and are read from there.

    Raises:
        InputError: it is nothing that images can be taken from.
        RunFolderError: ``out`` cannot be used.
    """
    found = taken(given, options.image_column)
    if isinstance(found, list):
        return Inputs(tuple(found), options)
    folder = RunFolder.create(out)
    with folder.lock(), watch.stage("keep", None):
        if not folder.is_complete():
            # a folder that is cut off here is a run's, too
            folder.write_info({"version": __version__, "status": "running"})

        def counted() -> Any:
            for pair in found:
                yield pair
                watch.advance(1)

        kept = keep_images(out, counted())
    if not kept.images:
        raise InputError("INPUT holds no image")
    for note in kept.notes:
        watch.warn(note)
    return Inputs(tuple(kept.parts), replace(options, image_column=None))
