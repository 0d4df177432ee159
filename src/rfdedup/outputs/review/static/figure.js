/* One image of a list, and the cursor that moves over them with the keyboard. */
import { bytes, byId, el, named, number, pathText, say, t } from "./dom.js";
import { events, previewOf, shared } from "./state.js";

export const measured = (image) => {
  if (image.tier === "exact") return t("identical");
  if (image.score === null || image.score === undefined) return "";
  if (image.same === "copy" || image.same === "moment") {
    const hashed = image.tier === "perceptual";
    return t("proposed_by", { what: t(image.reason === "parts" ? "proposed_parts" : hashed ? "proposed_bits" : "proposed_cosine", { n: number(image.score, hashed || image.reason === "parts" ? 0 : 3) }) });
  }
  const unit = image.tier === "perceptual" ? ` ${t("bits")}` : "";
  const sign = image.tier === "semantic" || image.reason === "bright" ? "≥" : image.tier === "quality" ? "<" : "≤";
  const digits = image.tier === "semantic" || (image.reason === "blurry" && image.threshold < 1) ? 3 : 1;
  const bound = image.threshold === null ? "" : ` ${sign} ${number(image.threshold, digits)}`;
  return `${number(image.score, digits)}${unit}${bound}`;
};
export const kindChip = (same) => (same && same !== "meaning" ? el("span", { class: `chip ${same}` }, t(`kind_${same}`)) : "");
const facts = (image) => [image.width ? `${image.width} × ${image.height}` : "", bytes(image.bytes)].filter(Boolean).join(" · ");

const badge = (image) => {
  if (image.verdict === "keep") return el("span", { class: "chip keep" }, t("king"));
  if (image.verdict === "error") return el("span", { class: "chip error" }, named("reason_", image.reason));
  if (image.reason === "rejected") return el("span", { class: "chip error" }, t("reason_rejected"));
  return el("span", { class: `chip ${image.tier}` }, image.tier === "quality" ? named("reason_", image.reason) : t(`tier_${image.tier}`));
};

/* note: an extra line, such as the similarity to something else */
export const figure = (image, { king = false, note = "" } = {}) => {
  const says = `${t(image.verdict === "keep" ? "king_of" : image.verdict === "drop" ? "subject_of" : "image_of")}: ${image.path}`;
  const box = el("div", { class: "frame" });
  const empty = () => box.replaceChildren(el("span", {}, t("no_preview")));
  if (image.verdict === "error") empty();
  else {
    const img = el("img", { alt: says, src: previewOf(image.row), loading: "lazy", decoding: "async", draggable: "false" });
    img.addEventListener("error", empty);
    box.append(img);
  }
  const node = el("figure", {
    class: `pic ${image.verdict}${king ? " king" : ""}${image.changed ? " changed" : ""}`, tabindex: "-1", "data-row": image.row,
  }, box, el("figcaption", {},
    badge(image),
    image.tier === "exact" ? "" : kindChip(image.same),
    image.decision ? el("span", { class: "chip decided" }, t(`decision_${image.decision}`)) : "",
    image.says && !note ? el("span", { class: "says" }, say(image.says)) : "",
    el("span", { class: "facts" }, note || measured(image)),
    el("span", { class: "facts" }, facts(image)),
    image.conflict ? el("span", { class: "conflict" }, t("conflict_says", { why: image.conflict })) : "",
    pathText(image.path)));
  node.image = image;
  return node;
};

// ---- cursor
const all = () => [...document.querySelectorAll("#view .pic")];
const mark = (node) => {
  for (const other of document.querySelectorAll("#view .pic[tabindex='0']")) {
    other.tabIndex = -1;
    other.classList.remove("current");
  }
  node.tabIndex = 0;
  node.classList.add("current");
  shared.current = node.image;
  byId("actions").hidden = false;
  events.dispatchEvent(new Event("current"));
};
export const focusOn = (node, scroll = true) => {
  mark(node);
  node.focus({ preventScroll: true });
  if (scroll) node.scrollIntoView({ block: "nearest" });
};
document.addEventListener("focusin", (event) => {
  const node = event.target.closest ? event.target.closest("#view .pic") : null;
  if (node) mark(node);
});
document.addEventListener("pointerdown", (event) => {
  const node = event.target.closest("#view .pic");
  if (node) focusOn(node, false);
});

/* After a list was drawn again: the same image, or the one in its place. */
export const restoreCursor = (row, place, take) => {
  const nodes = all();
  byId("actions").hidden = !nodes.length;
  shared.current = null;
  if (!nodes.length) return;
  const node = nodes.find((one) => one.image.row === row) || nodes[Math.min(Math.max(place, 0), nodes.length - 1)];
  if (take) focusOn(node, false);
  else mark(node);
};
export const cursorPlace = () => {
  const nodes = all();
  const at = nodes.findIndex((node) => node.classList.contains("current"));
  return { row: at < 0 ? null : nodes[at].image.row, place: at, focused: at >= 0 && nodes[at] === document.activeElement };
};

/* Moves by one image or one group; false at either end. */
export const step = (key) => {
  const nodes = all();
  if (!nodes.length) return true;
  const at = nodes.findIndex((node) => node.classList.contains("current"));
  if (at < 0) { focusOn(nodes[0]); return true; }
  let to = at + (key === "ArrowRight" ? 1 : -1);
  if (key === "ArrowDown" || key === "ArrowUp") {
    const group = nodes[at].closest(".group");
    if (group) {
      const groups = [...document.querySelectorAll("#view .group")];
      const next = groups[groups.indexOf(group) + (key === "ArrowDown" ? 1 : -1)];
      to = next ? nodes.indexOf(next.querySelector(".pic")) : -1;
    } else {
      // the nearest one in the next row of tiles
      const here = nodes[at].getBoundingClientRect();
      const down = key === "ArrowDown";
      const candidates = nodes.filter((node) => {
        const box = node.getBoundingClientRect();
        return down ? box.top > here.top + 5 : box.top < here.top - 5;
      });
      const rows = candidates.map((node) => node.getBoundingClientRect().top);
      const row = down ? Math.min(...rows) : Math.max(...rows);
      const nearest = candidates.filter((node) => Math.abs(node.getBoundingClientRect().top - row) < 5)
        .sort((a, b) => Math.abs(a.getBoundingClientRect().left - here.left) - Math.abs(b.getBoundingClientRect().left - here.left))[0];
      to = nearest ? nodes.indexOf(nearest) : -1;
    }
  }
  if (to < 0 || to >= nodes.length) return false;
  focusOn(nodes[to]);
  return true;
};
