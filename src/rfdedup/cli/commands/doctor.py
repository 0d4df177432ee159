"""``rfdedup doctor``: what this machine offers and what is missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click
from rich.table import Table

from rfdedup.cli.console import Output, output_options

_CORE = ("numpy", "opencv-python-headless", "pillow", "simplejpeg", "faiss-cpu", "openvino", "pyarrow")
_EXTRAS = {
    "torch": ("torch", "torch"),
    "heif": ("pillow-heif", "pillow_heif"),
    "raw": ("rawpy", "rawpy"),
    "video": ("av", "av"),
    "review": ("starlette", "starlette"),
}


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def findings() -> list[dict[str, Any]]:
    """What was looked at: name, whether it is fine, what was found, and what to do where it is not."""
    import psutil

    from rfdedup.encoders.openvino_runtime import cpu_precisions
    from rfdedup.runtime import native
    from rfdedup.runtime.cpus import usable_cpus

    memory = psutil.virtual_memory()
    disk = shutil.disk_usage(".")
    rows: list[dict[str, Any]] = [
        {"name": "rfdedup", "ok": True, "found": version("resnet-faiss-dedup")},
        {"name": "Python", "ok": True, "found": f"{platform.python_version()} on {sys.platform} {platform.machine()}"},
        {"name": "CPU", "ok": True, "found": f"{usable_cpus()} usable of {os.cpu_count()}"},
        {"name": "CPU precisions", "ok": True, "found": ", ".join(cpu_precisions())},
        # plain versions give the same, more slowly
        {"name": "loops in C", "ok": True, "found": native.told()},
        {
            "name": "memory",
            "ok": memory.available > 1.5e9,
            "found": f"{memory.available / 1e9:.1f} GB free of {memory.total / 1e9:.1f} GB",
            "do": "close other programs, or use fewer --workers",
        },
        {
            "name": "disk here",
            "ok": disk.free > 1e9,
            "found": f"{disk.free / 1e9:.1f} GB free",
            "do": "free some space or use another --out",
        },
    ]
    for package in _CORE:
        found = _installed(package)
        rows.append(
            {"name": package, "ok": found is not None, "found": found or "missing", "do": f"pip install {package}"}
        )
    for extra, (package, module) in _EXTRAS.items():
        found = _installed(package) if importlib.util.find_spec(module) else None
        command = f"pip install 'resnet-faiss-dedup[{extra}]'"
        rows.append({"name": f"extra {extra}", "ok": True, "found": found or f"not installed: {command}"})
    rows.append(_devices())
    return rows


def _devices() -> dict[str, Any]:
    if importlib.util.find_spec("torch") is None:
        return {"name": "GPU", "ok": True, "found": "not looked for: needs the extra torch"}
    import torch

    if torch.cuda.is_available():
        return {"name": "GPU", "ok": True, "found": torch.cuda.get_device_name(0)}
    if torch.backends.mps.is_available():
        return {"name": "GPU", "ok": True, "found": "Apple MPS"}
    return {"name": "GPU", "ok": True, "found": "none that torch can use; the CPU does the work"}


@click.command("doctor")
@output_options
def command(quiet: bool, as_json: bool) -> None:
    """Show what this machine offers and what is missing. Exit 1 when something needed is missing."""
    output = Output.make(quiet=quiet, json=as_json)
    rows = findings()
    table = Table(show_edge=False, pad_edge=False)
    for title in ("", "what", "found"):
        table.add_column(title)
    for row in rows:
        table.add_row("ok" if row["ok"] else "!!", row["name"], row["found"], style="" if row["ok"] else "bold red")
    output.show(table)
    bad = [row for row in rows if not row["ok"]]
    for row in bad:
        output.show(f"{row['name']}: {row['do']}")
    output.result({"ok": not bad, "findings": rows})
    if bad:
        raise click.exceptions.Exit(1)
