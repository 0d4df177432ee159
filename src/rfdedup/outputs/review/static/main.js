/* The page: one view at a time by the address, the summary above it, keys and the actions below. */
import { post } from "./api.js";
import { button, byId, el, loadTexts, number, setLang, t, toast } from "./dom.js";
import { compare, comparing } from "./compare.js";
import { step } from "./figure.js";
import { acceptDrops, likeView } from "./like.js";
import { listView } from "./lists.js";
import { mapView } from "./map.js";
import { decide, events, recompute, redo, refresh, shared, undo, watch } from "./state.js";
import { thresholdView } from "./threshold.js";

let view = null;
let shown = null;

// ---- views
const decisionsView = () => {
  const file = el("input", { type: "file", accept: "application/json", class: "hidden", id: "import-file", tabindex: "-1", "aria-label": t("import") });
  file.addEventListener("change", async () => {
    try {
      const { count } = await post("/api/import", JSON.parse(await file.files[0].text()));
      toast(t("imported", { n: number(count) }));
      await refresh();
    } catch (error) {
      toast(error.message, true);
    }
    file.value = "";
  });
  const lead = el("p", { id: "decisions-count" });
  const run = button("recompute", () => recompute(), { id: "recompute", class: "main" });
  const tell = () => {
    lead.textContent = t("decisions_count", { n: number(shared.summary.decisions) });
    run.disabled = shared.summary.job === "running";
  };
  events.addEventListener("summary", tell);
  tell();
  const list = listView("images", new URLSearchParams(), () => {}, { show: "changed", sort: "path" });
  return {
    ...list,
    node: el("div", {}, el("p", { class: "muted" }, t("decisions_lead")),
      el("div", { class: "tabs" }, run, el("a", { class: "button", href: "/api/decisions", download: "rfdedup-reviews.json", id: "export" }, t("export")), button("import", () => file.click()), file),
      el("p", { class: "muted" }, t("recompute_lead")), lead, list.node),
    close: () => { events.removeEventListener("summary", tell); list.close(); },
  };
};
const makers = {
  groups: (place, go) => listView("groups", place, go),
  images: (place, go) => listView("images", place, go),
  threshold: thresholdView,
  map: mapView,
  like: likeView,
  decisions: decisionsView,
};

const show = () => {
  const [name, query = ""] = location.hash.slice(1).split("?");
  const chosen = name in makers ? name : "groups";
  // the view itself changed the address
  if (location.hash === shown && chosen !== "like") return;
  shown = location.hash;
  if (view) view.close();
  shared.current = null;
  byId("actions").hidden = true;
  for (const link of document.querySelectorAll("#views a")) {
    if (link.dataset.view === chosen) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  byId("heading").textContent = t(chosen === "threshold" ? settingName() : chosen);
  const go = (place) => {
    const text = place.toString();
    shown = text ? `#${chosen}?${text}` : `#${chosen}`;
    history.replaceState(null, "", shown);
  };
  view = makers[chosen](new URLSearchParams(query), go);
  byId("view").replaceChildren(view.node);
  document.body.dataset.view = chosen;
};

// ---- summary
const settingName = () => (shared.summary && shared.summary.same !== "meaning" ? "sameness" : "threshold");
const drawSummary = () => {
  const { name, counts, groups, tiers, decisions, pending, undo: back, redo: again, job, trouble, job_failed } = shared.summary;
  document.title = `${name} · rfdedup`;
  byId("run-name").textContent = name;
  byId("setting").textContent = t(settingName());
  byId("n-groups").textContent = number(groups);
  byId("n-decisions").textContent = decisions ? number(decisions) : "";
  byId("undo").disabled = !back;
  byId("redo").disabled = !again;
  byId("counts").replaceChildren(
    ...["keep", "drop", "error"].map((verdict) => el("span", { class: `chip ${verdict}`, "data-count": verdict }, `${t(verdict)} `, el("b", {}, number(counts[verdict])))),
    ...Object.entries(tiers).filter(([, n]) => n).map(([tier, n]) => el("span", { class: `chip ${tier}`, "data-count": tier }, `${t(`tier_${tier}`)} `, el("b", {}, number(n)))));
  const text = job === "running" ? t("running") : job_failed ? t("failed", { why: job_failed }) : trouble || (pending ? t("pending") : "");
  const banner = byId("banner");
  banner.hidden = !text;
  if (banner.textContent !== text) banner.textContent = text;
};

// ---- actions
const act = (key, image) => {
  if (!image) return false;
  const { row, path, king } = image;
  const run = {
    k: () => decide("keep", { rows: [row] }, path),
    d: () => decide("drop", { rows: [row] }, path),
    g: () => decide("king", { rows: [row] }, path),
    r: () => decide("reset", { rows: [row] }, path),
    n: () => (king === null ? toast(t("no_king"), true) : decide("distinct", { pairs: [[king, row]] }, path)),
    l: () => { location.hash = `#like?row=${row}`; },
  }[key];
  if (!run) return false;
  run();
  return true;
};
const openCompare = (image) => {
  const figures = [...document.querySelectorAll("#view .pic")];
  let at = figures.findIndex((node) => node.image.row === image.row);
  const kingOf = (one) => {
    if (one.king === null || one.king === undefined) return null;
    const there = figures.find((node) => node.image.row === one.king);
    return there ? there.image : null;
  };
  const pairOf = (one) => {
    const king = kingOf(one);
    return king ? [king, one] : [one];
  };
  const group = figures[at].closest(".group, .pair");
  const first = image.verdict === "keep" && group ? group.querySelectorAll(".pic")[1].image : image;
  if (first !== image) at = figures.findIndex((node) => node.image === first);
  const [one, other] = pairOf(first);
  compare(one, other, {
    act,
    neighbour: (by) => {
      let next = at + by;
      while (figures[next] && figures[next].classList.contains("king")) next += by;
      if (!figures[next]) return null;
      at = next;
      for (const node of figures) node.classList.toggle("current", node === figures[at]);
      return pairOf(figures[at].image);
    },
  }).catch((error) => toast(error.message, true));
};
const drawActions = () => {
  const make = (key, name, run) => {
    const node = button(name, run, { "data-key": key });
    node.append(" ", el("kbd", {}, key === " " ? t("space") : key));
    return node;
  };
  byId("actions").replaceChildren(
    ...[["k", "do_keep"], ["d", "do_drop"], ["g", "do_king"], ["n", "do_distinct"], ["r", "do_reset"], ["l", "do_like"]].map(([key, name]) => make(key, name, () => act(key, shared.current))),
    make(" ", "do_compare", () => shared.current && openCompare(shared.current)));
  fitActions();
};

const fitActions = () => {
  const image = shared.current;
  const impossible = { n: !image || image.king === null, r: !image || !image.decision };
  for (const node of byId("actions").children) node.disabled = !image || image.verdict === "error" || Boolean(impossible[node.dataset.key]);
};

// ---- keys
const KEYS = [
  ["arrow_keys", "k_arrows"], ["space", "do_compare"], ["k", "do_keep"], ["d", "do_drop"], ["g", "do_king"], ["n", "do_distinct"],
  ["r", "do_reset"], ["l", "do_like"], ["u", "undo"], ["y", "redo"], ["Page ↑ ↓", "k_pages"], ["1–6", "k_views"], ["/", "path_contains"],
  ["s f x o c", "k_compare_modes"], ["+ − 0", "k_zoom"],
];
const showKeys = () => {
  const dialog = byId("keys");
  dialog.replaceChildren(el("h2", { id: "keys-title" }, t("keys")),
    el("table", {}, el("tbody", {}, ...KEYS.map(([key, text]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, t(key))), el("td", {}, t(text)))))),
    button("close", () => dialog.close()));
  dialog.showModal();
};
const onKey = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || comparing() || byId("keys").open) return;
  const typing = event.target.closest("input:not([type=checkbox]):not([type=range]), select, textarea");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const views = Object.keys(makers);
  const pressed = event.target.closest("button, a, summary");
  const run = {
    u: undo, y: redo, "?": showKeys,
    "/": () => byId("search") && byId("search").focus(),
    PageDown: () => view.page && view.page(1), PageUp: () => view.page && view.page(-1),
    " ": () => shared.current && openCompare(shared.current), Enter: () => shared.current && openCompare(shared.current),
  }[event.key];
  if ((event.key === " " || event.key === "Enter") && pressed) return;
  if (event.target.type === "range" && event.key.startsWith("Arrow")) return;
  if (event.key.startsWith("Arrow")) {
    event.preventDefault();
    if (!step(event.key) && view.page) {
      const forward = event.key === "ArrowDown" || event.key === "ArrowRight";
      view.page(forward ? 1 : -1, !forward);
    }
  } else if (run) {
    event.preventDefault();
    run();
  } else if (views[Number(event.key) - 1]) {
    location.hash = `#${views[Number(event.key) - 1]}`;
  } else if (act(event.key, shared.current)) event.preventDefault();
};

// ---- beginning
const choose = (code) => {
  setLang(code);
  try { localStorage.setItem("rfdedup-lang", code); } catch { /* private windows may not store */ }
  drawSummary();
  drawActions();
  shown = null;
  show();
};
const begin = async () => {
  // the token has become a cookie; the address need not show it
  if (location.search) history.replaceState(null, "", location.pathname + location.hash);
  const summary = refresh();
  // its failure is told below, once there are words for it
  summary.catch(() => {});
  await loadTexts();
  let code = navigator.language;
  try { code = localStorage.getItem("rfdedup-lang") || code; } catch { /* as above */ }
  setLang(code.startsWith("vi") ? "vi" : "en");
  try {
    await summary;
  } catch (error) {
    toast(error.message, true);
    return;
  }
  drawActions();
  drawSummary();
  events.addEventListener("summary", drawSummary);
  events.addEventListener("current", fitActions);
  addEventListener("hashchange", show);
  addEventListener("keydown", onKey);
  byId("undo").addEventListener("click", undo);
  byId("redo").addEventListener("click", redo);
  byId("help").addEventListener("click", showKeys);
  for (const node of document.querySelectorAll(".switch button")) node.addEventListener("click", () => choose(node.dataset.lang));
  acceptDrops();
  watch();
  show();
};
begin();
