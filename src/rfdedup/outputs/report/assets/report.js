/* Fills the report from the JSON blocks of the page. Text enters the page through textContent only. */
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read("data");
  const texts = read("texts");
  const pictures = read("pictures");
  const proofs = read("proofs");
  const beside = new Set(data.previews.beside);
  const at = Object.fromEntries(data.image_fields.map((name, i) => [name, i]));
  const GROUPS_A_PAGE = 20;
  const TILES_A_PAGE = 60;
  let lang = 0;

  // ---- words and numbers
  const t = (key, values = {}) =>
    (texts[key] ? texts[key][lang] : key).replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
  const named = (prefix, value) => (texts[prefix + value] ? t(prefix + value) : String(value));
  const locale = () => (lang ? "vi-VN" : "en-US");
  const number = (value, digits = 0) =>
    new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
  const figures = (value) =>
    Number.isInteger(value) ? number(value) : new Intl.NumberFormat(locale(), { maximumSignificantDigits: 3 }).format(value);
  const bytes = (value) => {
    if (value === null || value === undefined) return "";
    const units = ["B", "kB", "MB", "GB", "TB"];
    let i = 0;
    while (value >= 1000 && i < units.length - 1) { value /= 1000; i += 1; }
    return `${number(value, value < 10 && i ? 1 : 0)} ${units[i]}`;
  };

  // ---- elements
  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return node;
  };
  const byId = (id) => document.getElementById(id);

  const source = (row) => {
    if (row in pictures) return `data:image/jpeg;base64,${pictures[row]}`;
    return beside.has(row) ? `${data.previews.folder}/${row}.jpg` : null;
  };
  // an exact copy looks like its king
  const sourceOf = (image, king) => source(image[at.tier] === "exact" && king ? king[at.row] : image[at.row]);
  const picture = (src, alt, open) => {
    const empty = () => el("span", {}, t("no_preview"));
    if (src === null) return el("div", { class: "frame" }, empty());
    const img = el("img", { alt, src, loading: "lazy", decoding: "async" });
    const box = el("button", { type: "button", class: "frame" }, img);
    img.addEventListener("error", () => box.replaceWith(el("div", { class: "frame" }, empty())));
    box.addEventListener("click", open);
    return box;
  };
  // a sentence that a comparison wrote, from its parts
  const say = (parts) => parts.map(([key, value]) => (`say_${key}` in texts ? t(`say_${key}`, { a: figures(value) }) : key)).join(", ").replace(/ %/g, "\u00a0%");
  const measured = (image) => {
    if (image[at.tier] === "exact") return t("identical");
    const [score, bound] = [image[at.score], image[at.threshold]];
    if (score === null) return "";
    if (image[at.says]) {
      const hashed = image[at.tier] === "perceptual";
      return t("proposed_by", { what: t(image[at.reason] === "parts" ? "proposed_parts" : hashed ? "proposed_bits" : "proposed_cosine", { n: number(score, hashed || image[at.reason] === "parts" ? 0 : 3) }) });
    }
    const unit = image[at.tier] === "perceptual" ? ` ${t("bits")}` : "";
    const sign = image[at.tier] === "semantic" || image[at.reason] === "bright" ? "≥" : image[at.tier] === "quality" ? "<" : "≤";
    const digits = image[at.tier] === "semantic" || (image[at.reason] === "blurry" && bound < 1) ? 3 : 1;
    return `${number(score, digits)}${unit}${bound === null ? "" : ` ${sign} ${number(bound, digits)}`}`;
  };
  const facts = (image) => [
    image[at.width] ? `${image[at.width]} × ${image[at.height]}` : "",
    bytes(image[at.bytes]),
  ].filter(Boolean).join(" · ");
  const proofOf = (image) => {
    const pair = proofs[image[at.row]];
    return pair ? { overlay: `data:image/jpeg;base64,${pair[0]}`, change_map: `data:image/jpeg;base64,${pair[1]}` } : {};
  };
  const kindChip = (image) => (image[at.says] ? el("span", { class: `chip ${image[at.same]}` }, t(`kind_${image[at.same]}`)) : "");
  const sentence = (image) => (image[at.says] ? el("span", { class: "says" }, say(image[at.says])) : "");

  // ---- one image large, with what the comparison with its king showed
  const large = byId("large");
  const enlarge = (image, king, of) => {
    const src = sourceOf(image, of);
    const path = el("input", { readonly: "", value: image[at.path], "aria-label": t("path") });
    const copy = el("button", { type: "button" }, t("copy_path"));
    copy.addEventListener("click", () => {
      path.select();
      if (document.execCommand("copy")) copy.textContent = t("copied");
    });
    const close = el("button", { type: "button" }, t("close"));
    close.addEventListener("click", () => large.close());
    const shown = [
      of ? ["king_of", sourceOf(of, null)] : null,
      [king ? "king_of" : "subject_of", src],
      ...Object.entries(proofOf(image)),
    ].filter((one) => one && one[1]);
    large.replaceChildren(
      el("div", { class: "head" }, el("h2", { id: "large-title" }, t(king ? "king_of" : "subject_of"), " ", kindChip(image)), close),
      sentence(image),
      el("div", { class: "shown" }, ...shown.map(([key, from]) => el("figure", {}, el("img", { src: from, alt: t(key) }), el("figcaption", {}, t(key))))),
      el("p", { class: "facts" }, [king ? "" : measured(image), facts(image)].filter(Boolean).join(" · ")),
      el("div", { class: "path-line" }, path, copy));
    large.showModal();
    close.focus();
  };
  large.addEventListener("click", (event) => { if (event.target === large) large.close(); });

  const figure = (image, king, of = null) => {
    const open = () => enlarge(image, king, of);
    const says = `${t(king ? "king_of" : "subject_of")}: ${image[at.path]}`;
    const proof = Object.entries(proofOf(image));
    return el("figure", { class: king ? "pic king" : "pic" },
      picture(sourceOf(image, of), says, open),
      proof.length ? el("div", { class: "proof" }, ...proof.map(([key, src]) => picture(src, `${t(key)}: ${image[at.path]}`, open))) : "",
      el("figcaption", {},
        king ? el("span", { class: "chip keep" }, t("king"))
          : el("span", { class: `chip ${image[at.tier]}` }, image[at.tier] === "quality" ? named("reason_", image[at.reason]) : t(`tier_${image[at.tier]}`)),
        king ? "" : kindChip(image),
        king ? "" : sentence(image),
        king ? "" : el("span", { class: "facts" }, measured(image)),
        el("span", { class: "facts" }, facts(image)),
        // a long path breaks after its separators
        el("span", { class: "path" }, ...image[at.path].split(/(?<=[/_\-\s])|(?=\.)/).flatMap((part) => [part, document.createElement("wbr")]))));
  };

  // ---- paging
  const pager = (nav, pages, page, go) => {
    nav.replaceChildren();
    if (pages < 2) return;
    const button = (key, target, rel) => {
      const node = el("button", { type: "button", rel }, t(key));
      node.disabled = target < 0 || target >= pages;
      node.addEventListener("click", () => go(target, rel));
      return node;
    };
    const box = el("input", { type: "number", min: 1, max: pages, value: page + 1, "aria-label": t("page") });
    box.addEventListener("change", () => go(Math.min(pages, Math.max(1, Number(box.value) || 1)) - 1));
    nav.append(button("previous", page - 1, "prev"), el("span", {}, `${t("page")} `), box,
      el("span", {}, `/ ${number(pages)}`), button("next", page + 1, "next"));
  };
  const status = (key, page, size, n) =>
    n ? t(key, { from: number(page * size + 1), to: number(Math.min(n, (page + 1) * size)), n: number(n) }) : t("status_none");

  const makeList = ({ list, nav, line, size, items, item, key, extra }) => {
    let page = 0;
    const draw = () => {
      const chosen = items();
      page = Math.min(page, Math.max(0, Math.ceil(chosen.length / size) - 1));
      list.replaceChildren(...chosen.slice(page * size, (page + 1) * size).map(item));
      line.textContent = [status(key, page, size, chosen.length), ...extra()].join(" ");
      pager(nav, Math.ceil(chosen.length / size), page, (to, rel) => {
        page = to;
        draw();
        list.parentElement.scrollIntoView();
        const again = rel && nav.querySelector(`[rel=${rel}]`);
        if (again && !again.disabled) again.focus({ preventScroll: true });
      });
    };
    return { draw, first: () => { page = 0; draw(); } };
  };

  // ---- groups
  const groupCard = (group) => el("article", { class: "group", "aria-label": `${t("group")} ${group.number}` },
    el("h3", {}, `${t("group")} ${number(group.number)}`,
      ...[...new Set(group.subjects.map((image) => image[at.tier]))].map((tier) => el("span", { class: `chip ${tier}` }, t(`tier_${tier}`))),
      el("span", { class: "muted" }, t("subjects_count", { n: number(group.size) }))),
    figure(group.king, true),
    el("div", {},
      el("ul", { class: "tiles" }, ...group.subjects.map((image) => el("li", {}, figure(image, false, group.king)))),
      group.size > group.subjects.length ? el("p", { class: "muted" }, t("and_more", { n: number(group.size - group.subjects.length) })) : ""));

  const makeGroups = () => {
    const form = byId("group-filters");
    const weight = (group) => group.subjects.reduce((sum, image) => sum + (image[at.bytes] || 0), 0);
    const orders = { margin: null, size: (x, y) => y.size - x.size, bytes: (x, y) => weight(y) - weight(x) };
    const chosen = () => {
      const tier = form.tier.value;
      const path = form.path.value.toLowerCase();
      const same = form.same ? form.same.value : "";
      const found = data.groups.items.filter((group) =>
        (!tier || group.subjects.some((image) => image[at.tier] === tier)) &&
        (!same || group.subjects.some((image) => image[at.same] === same)) &&
        (!path || [group.king, ...group.subjects].some((image) => image[at.path].toLowerCase().includes(path))));
      const order = orders[form.sort.value];
      return order ? found.sort(order) : found;
    };
    const extra = () => [
      data.groups.total > data.groups.items.length
        ? t("left_out_groups", { shown: number(data.groups.items.length), total: number(data.groups.total) }) : "",
      data.previews.left_out ? t("left_out_previews", { n: number(data.previews.left_out) }) : "",
    ].filter(Boolean);
    const view = makeList({
      list: byId("group-list"), nav: byId("group-pager"), line: byId("group-status"), size: GROUPS_A_PAGE,
      items: chosen, item: groupCard, key: "status_groups", extra,
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", view.first);
    return view.draw;
  };

  // ---- quality drops
  const makeQuality = () => {
    const counts = data.tiers.find((tier) => tier.tier === "quality").reasons;
    let reason = counts.length ? counts[0][0] : "";
    const view = makeList({
      list: byId("quality-list"), nav: byId("quality-pager"), line: byId("quality-status"), size: TILES_A_PAGE,
      items: () => data.quality.items.filter((image) => image[at.reason] === reason),
      item: (image) => el("li", {}, figure(image, false)), key: "status_images",
      extra: () => (data.quality.total > data.quality.items.length
        ? [t("left_out_images", { shown: number(data.quality.items.length), total: number(data.quality.total) })] : []),
    });
    const tabs = byId("quality-tabs");
    return () => {
      tabs.replaceChildren(...counts.map(([name, count]) => {
        const button = el("button", { type: "button", "aria-pressed": name === reason }, `${named("reason_", name)} (${number(count)})`);
        button.addEventListener("click", () => {
          reason = name;
          for (const other of tabs.children) other.setAttribute("aria-pressed", other === button);
          view.first();
        });
        return button;
      }));
      view.draw();
    };
  };

  // ---- charts
  const charts = new Map();
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const chart = (id, option) => {
    const node = byId(id);
    if (!node) return;
    if (!charts.has(id)) charts.set(id, echarts.init(node, null, { renderer: "canvas" }));
    charts.get(id).setOption({ animation: false, textStyle: { fontFamily: "system-ui, sans-serif" }, ...option }, true);
  };
  // the tooltip is drawn on the canvas, so no markup is made from data
  const tooltip = () => ({
    renderMode: "richText", backgroundColor: colour("panel"), borderColor: colour("line"), textStyle: { color: colour("ink") },
  });

  const drawFunnel = () => {
    const n = Object.fromEntries(data.tiers.map((tier) => [tier.tier, tier]));
    const readable = data.counts.images - data.counts.errors;
    const nodes = [
      ["images", t("node_images"), data.counts.images, "accent"], ["readable", t("node_readable"), readable, "accent"],
      ["usable", t("node_usable"), n.quality.out, "accent"], ["hashed", t("node_hashed"), n.perceptual.out, "accent"],
      ["kept", t("node_kept"), data.counts.kept, "keep"], ["errors", t("errors"), data.counts.errors, "error"],
      ...["quality", "exact", "perceptual", "semantic"].map((tier) => [tier, t(`tier_${tier}`), n[tier].dropped, tier]),
    ].filter(([, , count]) => count > 0);
    const links = [
      ["images", "readable", readable], ["images", "errors", data.counts.errors],
      ["readable", "usable", n.quality.out], ["readable", "quality", n.quality.dropped],
      ["usable", "hashed", n.perceptual.out], ["usable", "exact", n.exact.dropped], ["usable", "perceptual", n.perceptual.dropped],
      ["hashed", "kept", n.semantic.out], ["hashed", "semantic", n.semantic.dropped],
    ].filter(([, , value]) => value > 0);
    const narrow = byId("chart-funnel").clientWidth < 560;
    const gap = narrow ? 46 : 26;
    const label = Object.fromEntries(nodes.map(([id, name, count]) => [id, `${name}\n${number(count)}`]));
    byId("chart-funnel").setAttribute("aria-label", t("funnel_says", {
      images: number(data.counts.images), kept: number(data.counts.kept), dropped: number(data.counts.dropped), errors: number(data.counts.errors),
    }));
    const tint = Object.fromEntries(nodes.map(([id, , , name]) => [id, colour(name)]));
    chart("chart-funnel", {
      tooltip: { ...tooltip(), formatter: (p) => (p.dataType === "edge" ? `${label[p.data.source].split("\n")[0]} → ${label[p.data.target].split("\n")[0]}: ${number(p.value)}` : label[p.name]) },
      series: [{
        type: "sankey", orient: narrow ? "vertical" : "horizontal", draggable: false, nodeAlign: "left", layoutIterations: 0,
        left: 10, right: narrow ? 34 : 150, top: narrow ? 30 : 12, bottom: narrow ? 62 : 20, nodeWidth: 14, nodeGap: gap,
        emphasis: { focus: "adjacency" },
        label: { color: colour("ink"), fontSize: narrow ? 11 : 13, lineHeight: narrow ? 14 : 17, position: narrow ? "bottom" : "right", ...(narrow ? { width: 76, overflow: "break" } : {}), formatter: (p) => label[p.name] },
        data: nodes.map(([id, , , name]) => ({ name: id, itemStyle: { color: colour(name), borderWidth: 0 } })),
        links: links.map(([from, to, value]) => ({ source: from, target: to, value, lineStyle: { color: tint[to], opacity: 0.22 } })),
      }],
    });
  };

  const shownValue = (chartData, x) => (chartData.scale === "log" ? 10 ** x : x);
  const drawHistogram = (h) => {
    // a count of bits is a bar of width 1, and its bound belongs to the drops
    const place = (value) => (h.scale === "log" ? Math.max(Math.log10(value), h.edges[0]) : h.name === "distance" ? value + 0.5 : value);
    const middles = h.counts.map((_, i) => (h.edges[i] + h.edges[i + 1]) / 2);
    const dropped = (x) => h.bounds.some((b) => b.name !== "proposed" && (b.drops === "below" ? x < place(b.value) : x >= place(b.value)));
    const drop = colour({ sharpness: "quality", brightness: "quality", crispness: "quality", light: "quality", shade: "quality", similarity: "semantic", distance: "perceptual" }[h.name]);
    const most = h.counts.indexOf(Math.max(...h.counts));
    const unit = t(h.name === "similarity" || h.name === "distance" ? "count_pairs" : "count_images");
    byId(`chart-${h.name}`).setAttribute("aria-label", t("chart_says", {
      name: t(`hist_${h.name}`), total: number(h.total), from: figures(shownValue(h, h.edges[most])), to: figures(shownValue(h, h.edges[most + 1])),
      bounds: h.bounds.map((b) => t("bound_says", { name: t(`bound_${b.name}`), value: figures(b.value) })).join(" "),
    }));
    const range = (i) => `${figures(shownValue(h, h.edges[i]))} – ${figures(shownValue(h, h.edges[i + 1]))}`;
    const axis = { axisLine: { lineStyle: { color: colour("line") } }, axisLabel: { color: colour("soft") }, splitLine: { lineStyle: { color: colour("line"), opacity: 0.6 } } };
    chart(`chart-${h.name}`, {
      grid: { left: 8, right: 24, top: 40, bottom: 8, containLabel: true },
      tooltip: { ...tooltip(), trigger: "axis", axisPointer: { type: "shadow" }, formatter: (p) => `${range(p[0].dataIndex)}\n${number(p[0].value[1])} ${unit}` },
      xAxis: { type: "value", min: h.edges[0], max: h.edges[h.edges.length - 1], interval: h.scale === "log" ? 1 : null, ...axis, splitLine: { show: false },
        axisLabel: { color: colour("soft"), hideOverlap: true, showMinLabel: h.name !== "distance", showMaxLabel: h.name !== "distance", formatter: (x) => (h.name === "distance" && !Number.isInteger(x) ? "" : figures(shownValue(h, x))) } },
      yAxis: { type: "value", minInterval: 1, ...axis, axisLabel: { color: colour("soft"), formatter: (y) => number(y) } },
      series: [{
        type: "bar", barWidth: "94%", data: middles.map((x, i) => ({ value: [x, h.counts[i]], itemStyle: { color: dropped(x) ? drop : colour("accent"), opacity: dropped(x) ? 1 : 0.75 } })),
        markLine: { silent: true, symbol: "none", lineStyle: { color: colour("error"), width: 2, type: "dashed" },
          label: { color: colour("ink"), distance: [0, 8], formatter: (p) => p.name },
          data: h.bounds.map((b) => ({ name: `${t(`bound_${b.name}`)} ${figures(b.value)}`, xAxis: place(b.value) })) },
      }],
    });
    byId(`bins-${h.name}`).replaceChildren(
      el("thead", {}, el("tr", {}, ...["from", "to", "count"].map((key) => el("th", { scope: "col", class: "num" }, t(key))))),
      el("tbody", {}, ...h.counts.map((count, i) => el("tr", {},
        el("td", { class: "num" }, figures(shownValue(h, h.edges[i]))), el("td", { class: "num" }, figures(shownValue(h, h.edges[i + 1]))), el("td", { class: "num" }, number(count))))));
  };
  const drawCharts = () => {
    drawFunnel();
    data.histograms.forEach(drawHistogram);
  };

  // ---- the whole page in one language
  const drawGroups = byId("group-list") ? makeGroups() : () => {};
  const drawQuality = byId("quality-list") ? makeQuality() : () => {};
  const draw = () => {
    document.documentElement.lang = lang ? "vi" : "en";
    for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
    for (const node of document.querySelectorAll("[data-reason]")) node.textContent = named("reason_", node.dataset.reason);
    for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
    for (const node of document.querySelectorAll("[data-n]")) if (node.dataset.n !== "") node.textContent = number(Number(node.dataset.n), 2);
    for (const node of document.querySelectorAll("[data-bytes]")) node.textContent = bytes(Number(node.dataset.bytes));
    for (const node of document.querySelectorAll("time")) {
      const when = new Date(node.dateTime);
      if (!Number.isNaN(when.valueOf())) node.textContent = new Intl.DateTimeFormat(locale(), { dateStyle: "long", timeStyle: "short" }).format(when);
    }
    for (const button of document.querySelectorAll(".switch button")) button.setAttribute("aria-pressed", (button.dataset.lang === "vi") === (lang === 1));
    drawGroups();
    drawQuality();
    drawCharts();
  };
  const remembered = () => {
    try { return localStorage.getItem("rfdedup-lang"); } catch { return null; }
  };
  for (const button of document.querySelectorAll(".switch button")) {
    button.addEventListener("click", () => {
      lang = button.dataset.lang === "vi" ? 1 : 0;
      try { localStorage.setItem("rfdedup-lang", button.dataset.lang); } catch { /* a page from disk may not store */ }
      draw();
    });
  }
  lang = (remembered() || navigator.language || "en").startsWith("vi") ? 1 : 0;
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCharts);
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { for (const one of charts.values()) one.resize(); drawFunnel(); }, 120);
  });
})();
