/* What another setting would change: counts before and after, and some of the images. */
import { el, number, t } from "./dom.js";
import { figure } from "./figure.js";

/* answer: the node to fill. found: counts, with falls and rises. value: the setting in words. shown: text about some of many. */
export const drawChanges = (answer, found, value, shown) => {
  const unsure = found.unsure || 0;
  // exact, about, or from ... to ...
  const sure = found.exact !== false;
  const within = (from, to) => (from !== to ? t("about", { from, to }) : sure ? from : t("about_one", { n: from }));
  const signed = (by) => `${by > 0 ? "+" : by < 0 ? "−" : ""}${number(Math.abs(by))}`;
  const line = (key, before, low, high) => el("tr", {}, el("th", { scope: "row" }, t(key)), el("td", { class: "num" }, number(before)),
    el("td", { class: "num", "data-after": key }, within(number(low), number(high))),
    el("td", { class: "num" }, within(signed(low - before), signed(high - before))));
  const section = (name) => el("section", { "data-change": name },
    el("h2", {}, t(name), " ", el("span", { class: "count" }, number(found[name].total))),
    el("p", { class: "muted" }, t(shown, { shown: number(found[name].items.length), n: number(found[name].total) })),
    el("div", { class: "pairs" }, ...found[name].items.map(({ image, king, score }) => el("div", { class: "pair panel" },
      figure(king, { king: true }), figure(image, { note: score === null ? "" : number(score, 3) })))));
  answer.replaceChildren(
    el("div", { class: "panel scroll", tabindex: "0", role: "region", "aria-label": t("change") }, el("table", {}, el("thead", {}, el("tr", {}, el("td"), ...["before", "after", "change"].map((key) => el("th", { scope: "col", class: "num" }, t(key, { value }))))),
      el("tbody", {}, line("kept_row", found.kept_before, found.kept - unsure, found.kept), line("dropped_row", found.dropped_before, found.dropped, found.dropped + unsure)))),
    unsure ? el("p", { class: "muted", id: "unsure" }, t("unsure", { n: number(unsure) })) : "",
    found.falls.total + found.rises.total ? "" : el("p", { class: "muted", id: "no-change" }, t("nothing_changes")),
    ...["falls", "rises"].filter((name) => found[name].total).map(section));
};
