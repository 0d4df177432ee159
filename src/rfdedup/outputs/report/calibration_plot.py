"""One HTML page, without network, that shows what a calibration measured."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from rfdedup.outputs.report.render import ECHARTS
from rfdedup.storage.files import atomic_write

_SCRIPT = """
const d = DATA;
const line = (name, data, axis) => ({name, type: "line", showSymbol: false, yAxisIndex: axis, data});
echarts.init(document.getElementById("plot")).setOption({
  title: {text: "Unrelated pairs and edited copies"},
  tooltip: {trigger: "axis"}, legend: {top: 30, type: "scroll"}, grid: {top: 80},
  xAxis: {type: "value", name: "cosine similarity", min: -0.2, max: 1},
  yAxis: [{type: "log", name: "unrelated pairs", min: 0.5}, {type: "value", name: "copies found", min: 0, max: 1}],
  series: [
    {name: "unrelated pairs", type: "line", step: "end", showSymbol: false, areaStyle: {},
     data: d.unrelated.map((n, i) => [d.edges[i], n || null]),
     markLine: {symbol: "none", data: [{xAxis: d.threshold, name: "threshold"}]}},
    ...Object.entries(d.found).map(([k, v]) => line(k, v.map((y, i) => [d.edges[i], y]), 1)),
  ],
});
"""


def write_plot(path: Path, chart: dict[str, Any]) -> None:
    """Write the distributions, the copies found by threshold, and the threshold itself.

    Args:
        path: where the page goes.
        chart: what ``calibrate.chart`` gives.

    Raises:
        RunFolderError: the page cannot be written.
    """
    library = files("rfdedup.outputs.report").joinpath("assets", ECHARTS).read_text(encoding="utf-8")
    script = _SCRIPT.replace("DATA", json.dumps(chart), 1)
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>rfdedup calibrate</title>'
        f'<div id="plot" style="width:100%;height:90vh"></div><script>{library}</script><script>{script}</script>'
    )
    with atomic_write(path) as stream:
        stream.write(page.encode("utf-8"))
