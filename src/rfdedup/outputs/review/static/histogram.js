/* Stored links by similarity, with the threshold drawn in. The plotting library comes when it is first needed. */
import { get } from "./api.js";
import { el, number, t } from "./dom.js";

let library = null;
const loaded = () => {
  library ||= new Promise((done, failed) => {
    const script = el("script", { src: "/echarts.js" });
    script.onload = () => done(window.echarts);
    script.onerror = () => failed(new Error("/echarts.js"));
    document.head.append(script);
  });
  return library;
};
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export const histogram = () => {
  const node = el("div", { class: "chart", id: "similarities", role: "img", hidden: true });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let chart = null;
  let found = { edges: [], counts: [] };
  let value = null;
  const draw = () => {
    if (!chart || value === null) return;
    const { edges, counts } = found;
    const line = { lineStyle: { color: colour("line") } };
    const above = counts.reduce((sum, count, i) => sum + (edges[i] >= value - 1e-9 ? count : 0), 0);
    node.setAttribute("aria-label", t("hist_says", { above: number(above), n: number(counts.reduce((a, b) => a + b, 0)), value: number(value, 3) }));
    chart.setOption({
      animation: false,
      title: { text: t("hist_similarity"), left: 0, top: 0, textStyle: { color: colour("ink"), fontSize: 13, fontFamily: "system-ui, sans-serif" } },
      grid: { left: 8, right: 16, top: 46, bottom: 4, containLabel: true },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, renderMode: "richText", backgroundColor: colour("panel"), borderColor: colour("line"), textStyle: { color: colour("ink") },
        formatter: ([bar]) => `${number(edges[bar.dataIndex], 3)} – ${number(edges[bar.dataIndex + 1], 3)}\n${number(counts[bar.dataIndex])} ${t("links")}` },
      xAxis: { type: "value", min: edges[0], max: 1, axisLine: line, splitLine: { show: false }, axisLabel: { color: colour("soft"), hideOverlap: true, formatter: (x) => number(x, 2) } },
      // a few near the threshold matter as much as thousands far from it
      yAxis: { type: "log", min: 0.5, startValue: 0.5, axisLine: line, splitLine: { lineStyle: { color: colour("line"), opacity: 0.6 } }, axisLabel: { color: colour("soft"), formatter: (y) => (y < 1 ? "" : number(y)) } },
      series: [{
        type: "bar", barWidth: "92%",
        data: counts.map((count, i) => ({ value: [(edges[i] + edges[i + 1]) / 2, count || null], itemStyle: { color: colour(edges[i] >= value - 1e-9 ? "semantic" : "accent"), opacity: edges[i] >= value - 1e-9 ? 1 : 0.6 } })),
        markLine: { silent: true, symbol: "none", lineStyle: { color: colour("error"), width: 2, type: "dashed" },
          label: { color: colour("ink"), formatter: () => number(value, 3) }, data: [{ xAxis: value }] },
      }],
    }, true);
  };
  const sizes = new ResizeObserver(() => { if (chart) chart.resize(); });
  dark.addEventListener("change", draw);
  return {
    node,
    load: async () => {
      found = await get("/api/similarities");
      if (!found.counts.some(Boolean)) return;
      const echarts = await loaded();
      if (!node.isConnected) return;
      node.hidden = false;
      chart ||= echarts.init(node);
      sizes.observe(node);
      draw();
    },
    mark: (threshold) => { value = threshold; draw(); },
    close: () => {
      sizes.disconnect();
      dark.removeEventListener("change", draw);
      if (chart) chart.dispose();
    },
  };
};
