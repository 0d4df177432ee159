/* Groups and single images: filters, pages, and the page after this one fetched ahead. */
import { get } from "./api.js";
import { button, el, named, number, t, toast } from "./dom.js";
import { cursorPlace, figure, focusOn, restoreCursor } from "./figure.js";
import { decide, events, shared } from "./state.js";

const SIZES = { groups: 20, images: 60 };
const TIERS = ["quality", "exact", "perceptual", "semantic"];

const field = (key, control, grow = false) => el("label", { class: grow ? "grow" : null }, t(key), control);
const select = (name, value, options) => {
  const node = el("select", { name }, ...options.map(([key, text]) => el("option", { value: key }, text)));
  node.value = value;
  return node;
};

/* name: groups or images. place: the URLSearchParams of the address. go: puts changed ones there. */
export const listView = (name, place, go, fixed = {}) => {
  const size = SIZES[name];
  const ahead = new Map();
  const ask = (offset, signal) => get(`/api/${name}`, { ...Object.fromEntries(place), ...fixed, offset, limit: size }, signal);
  const offset = () => Math.max(0, Number(place.get("offset")) || 0);
  let total = 0;
  let asked = 0;

  const status = el("p", { class: "status muted", role: "status", "aria-live": "polite", id: "list-status" });
  const list = el("div", { class: name === "groups" ? "groups" : "panel tiles", id: "list" });
  const pager = el("nav", { class: "pager", "aria-label": t("pages") });
  const filters = Object.keys(fixed).length ? "" : makeFilters(name, place, (params) => {
    place = params;
    place.delete("offset");
    go(place);
    ahead.clear();
    load({ take: false });
  });
  const node = el("section", {}, filters, status, list, pager);

  const draw = (page, { take, last }) => {
    total = page.total;
    const { row, place: at, focused } = cursorPlace();
    list.hidden = !page.items.length;
    list.replaceChildren(...page.items.map(name === "groups" ? groupCard : (image) => figure(image)));
    const from = page.offset + 1;
    status.textContent = total
      ? t(`status_${name}`, { from: number(from), to: number(page.offset + page.items.length), n: number(total) })
      : t(fixed.show === "changed" ? "status_unchanged" : place.get("conflict") === "labels" ? "status_no_conflict" : "status_none");
    drawPager(pager, Math.ceil(total / size), Math.floor(page.offset / size), (to) => turn(to * size));
    const nodes = list.querySelectorAll(".pic");
    restoreCursor(take ? null : row, take ? (last ? nodes.length - 1 : 0) : at, take || focused);
  };

  const load = async ({ take = false, last = false } = {}) => {
    asked += 1;
    const mine = asked;
    const slow = setTimeout(() => { if (mine === asked) status.textContent = t("loading"); }, 400);
    try {
      const key = `${place} ${offset()} ${shared.summary.revision}`;
      const page = await (ahead.get(key) || ask(offset()));
      if (mine !== asked || !node.isConnected) return;
      if (!page.items.length && page.total && offset()) {
        // the last page emptied itself
        place.set("offset", Math.floor((page.total - 1) / size) * size);
        go(place);
        await load({ take, last });
        return;
      }
      draw(page, { take, last });
      ahead.clear();
      const next = offset() + size;
      if (next < total) {
        const coming = ask(next);
        coming.catch(() => ahead.clear());
        const params = new URLSearchParams(place);
        params.set("offset", next);
        ahead.set(`${params} ${next} ${shared.summary.revision}`, coming);
      }
    } catch (error) {
      toast(error.message, true);
    } finally {
      clearTimeout(slow);
    }
  };
  const turn = (to, last = false) => {
    if (to < 0 || to >= total) return false;
    place.set("offset", to);
    go(place);
    load({ take: true, last });
    scrollTo(0, 0);
    return true;
  };

  const again = () => load();
  events.addEventListener("changed", again);
  load({ take: !Object.keys(fixed).length });
  return {
    node,
    close: () => events.removeEventListener("changed", again),
    page: (direction, last = false) => turn(offset() + direction * size, last),
    // decisions move on to the next image
    advance: () => {
      const nodes = [...list.querySelectorAll(".pic")];
      const at = nodes.findIndex((one) => one.classList.contains("current"));
      if (at >= 0 && at + 1 < nodes.length) focusOn(nodes[at + 1]);
    },
  };
};

const makeFilters = (name, place, changed) => {
  const value = (key) => place.get(key) || "";
  const input = (key, attributes) => {
    const node = el("input", { name: key, autocomplete: "off", spellcheck: "false", ...attributes });
    node.value = value(key);
    return node;
  };
  const sorts = (name === "groups" ? ["margin", "size", "bytes", "time", "path"] : ["margin", "bytes", "time", "path"]).map((key) => [key, t(`sort_${key}`)]);
  const box = (key, text) => {
    const node = el("input", { type: "checkbox", name: key, value: "1" });
    node.checked = value(key) === "1";
    return el("label", { class: "check" }, node, t(text));
  };
  const shows = ["quality", "rejected", "kept", "dropped", "errors", "changed", "all"].map((key) => [key, t(`show_${key}`)]);
  const tiers = (name === "groups" ? TIERS.slice(1) : TIERS).map((tier) => [tier, t(`tier_${tier}`)]);
  const form = el("form", { class: "filters", role: "search", id: "filters" },
    name === "images" ? field("show", select("show", value("show") || "quality", shows)) : "",
    field("tier", select("tier", value("tier"), [["", t("all")], ...tiers])),
    name === "groups" && shared.summary.same !== "meaning" ? field("kind", select("same", value("same"), [["", t("all")], ["copy", t("kind_copy")], ["moment", t("kind_moment")]])) : "",
    field("reason", select("reason", value("reason"), [["", t("all")], ...shared.summary.reasons.map((reason) => [reason, named("reason_", reason)])])),
    field("score_from", input("low", { type: "number", step: "any", class: "short" })),
    field("score_to", input("high", { type: "number", step: "any", class: "short" })),
    field("folder", input("folder", { type: "search" })),
    field("path_contains", input("path", { type: "search", id: "search" }), true),
    name === "groups" ? field("conflict", select("conflict", value("conflict"), [["", t("all")], ["labels", t("conflict_labels")], ["folders", t("conflict_folders")]])) : "",
    field("sort", select("sort", value("sort") || "margin", sorts)),
    name === "groups" ? box("changed", "changed_only") : "");
  const collect = () => {
    const params = new URLSearchParams();
    for (const [key, text] of new FormData(form)) if (text) params.set(key, text);
    changed(params);
  };
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(collect, 150); });
  form.addEventListener("submit", (event) => { event.preventDefault(); collect(); });
  return el("details", { class: "filter-box", open: innerWidth > 640 || place.size > 0 }, el("summary", {}, t("filters")), form);
};

const groupCard = (group) => {
  const { king, subjects, size } = group;
  const tiers = [...new Set(subjects.map((image) => image.tier))].filter(Boolean);
  return el("article", { class: "group", "aria-label": t("group_of", { path: king.path }), "data-king": king.row },
    el("h2", {},
      ...tiers.map((tier) => el("span", { class: `chip ${tier}` }, t(`tier_${tier}`))),
      el("span", { class: "muted" }, t("subjects_count", { n: number(size) })),
      el("span", { class: "whole" },
        button("keep_all", () => decide("keep", { group: king.row }, king.path)),
        button("distinct_all", () => decide("distinct", { group: king.row }, king.path)),
        button("drop_all", () => decide("drop", { group: king.row }, king.path)))),
    figure(king, { king: true }),
    el("div", { class: "tiles" }, ...subjects.map((image) => figure(image)),
      size > subjects.length ? el("p", { class: "muted" }, t("and_more", { n: number(size - subjects.length) })) : ""));
};

const drawPager = (nav, pages, page, go) => {
  nav.replaceChildren();
  if (pages < 2) return;
  const box = el("input", { type: "number", min: 1, max: pages, value: page + 1, "aria-label": t("page") });
  box.addEventListener("change", () => go(Math.min(pages, Math.max(1, Number(box.value) || 1)) - 1));
  nav.append(
    button("previous", () => go(page - 1), { rel: "prev", disabled: page === 0 }), el("span", {}, t("page")), box,
    el("span", {}, `/ ${number(pages)}`), button("next", () => go(page + 1), { rel: "next", disabled: page + 1 >= pages }));
};
