/* Two images beside each other, on top of each other, or subtracted; zoomed and moved in step. */
import { get } from "./api.js";
import { button, byId, bytes, el, named, number, pathText, say, t, toast, when } from "./dom.js";
import { kindChip, measured } from "./figure.js";
import { pictureOf, proofOf } from "./state.js";

const MODES = ["side", "flicker", "difference", "overlay", "change_map"];
const DRAWN = { overlay: "overlay", change_map: "change" };
const FLICKER_MS = 600;
const still = matchMedia("(prefers-reduced-motion: reduce)");
let open = null;

const loading = (alt, src, why) => {
  const node = el("img", { alt, src, draggable: "false" });
  return { node, ready: node.decode().catch(() => { throw new Error(t("cannot_open", { why })); }) };
};
const picture = (image, side) => loading(image.path, pictureOf(image.row, side), image.path);
const drawn = (pair, mode) => loading(t(mode), proofOf(pair[0].row, pair[1].row, DRAWN[mode]), pair.map((image) => image.path).join(", "));

/* Evidence of a pair: kind, sentence, and where both come from. */
const finding = ({ kind, says, from }) => [kind === "identical" || kind === "different" ? el("span", { class: `chip ${kind}` }, t(`kind_${kind}`)) : kindChip(kind),
  " ", el("strong", {}, say(says)), from === "now" ? el("span", { class: "muted" }, ` · ${t("compared_now")}`) : ""];
const NUMBERS = ["inliers", "overlap", "matched", "changed_area", "changed_share", "side", "colour_changed", "mirrored", "transform", "resolution", "reason"];
const numbers = ({ measured: found }) => NUMBERS.filter((name) => name in found).map((name) => {
  const value = found[name];
  const text = Array.isArray(value) ? value.map((one) => number(one, 4)).join("; ") : typeof value === "number" ? number(value, 4) : String(value);
  return el("tr", {}, el("th", { scope: "row" }, t(`e_${name}`)), el("td", { colspan: "2" }, text));
});

const caption = (image) => el("p", { class: "caption" },
  el("span", { class: `chip ${image.verdict === "drop" ? image.tier || "error" : image.verdict}` }, t(image.verdict)), pathText(image.path));

const rows = [
  ["m_path", (image) => image.path], ["m_root", (image) => image.root],
  ["m_verdict", (image) => [t(image.verdict), image.tier ? t(`tier_${image.tier}`) : "", image.reason ? named("reason_", image.reason) : "", measured(image)].filter(Boolean).join(" · ")],
  ["m_size", (image) => `${image.width} × ${image.height}`], ["m_bytes", (image) => bytes(image.bytes)],
  ["m_format", (image) => image.format || ""], ["m_mtime", (image) => when(image.mtime)],
  ["m_sharpness", (image) => number(image.sharpness ?? 0, 1)], ["m_brightness", (image) => number(image.brightness ?? 0, 1)],
  ["m_flags", (image) => image.flags.join(", ")],
];
const table = (pair, { links, labels }, evidence) => el("table", {},
  el("caption", {}, t("meta")),
  el("thead", {}, el("tr", {}, el("td"), ...pair.map((image) => el("th", { scope: "col" }, t(image.verdict === "keep" ? "king_of" : "subject_of"))))),
  el("tbody", {}, ...rows.map(([key, text]) => {
    const cells = pair.map(text);
    return el("tr", { class: cells[0] === cells[1] ? null : "differs" }, el("th", { scope: "row" }, t(key)), ...cells.map((cell) => el("td", {}, pathText(cell))));
  }), labels.some(Boolean) ? el("tr", { class: labels[0] === labels[1] || pair.length < 2 ? null : "differs" }, el("th", { scope: "row" }, t("m_labels")),
    ...pair.map((_, i) => el("td", {}, pathText(labels[i] || "–")))) : "", pair.length > 1 ? el("tr", {}, el("th", { scope: "row" }, t("m_links")), el("td", { colspan: "2" },
    links.map((link) => `${t(`tier_${link.tier}`)} ${link.tier === "exact" ? "" : number(link.score, 3)}`).join(" · ") || "–")) : "", ...(evidence ? numbers(evidence) : [])));

/* pair: one image, or the kept one and the other. neighbours: function of -1 or 1 that gives the next pair. */
export const compare = async (first, second, { neighbour, act }) => {
  const dialog = byId("compare");
  let mode = "side";
  let zoom = 1;
  let shift = [0, 0];
  let timer = 0;
  let pair = second ? [first, second] : [first];

  const stage = el("div", { class: "stage", id: "stage" });
  const details = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("meta") });
  const title = el("h2", { id: "compare-title" });
  const found = el("p", { class: "finding", id: "finding", role: "status", "aria-live": "polite" });
  const level = el("output", { class: "muted", id: "zoom-level" });
  const modes = MODES.map((name, i) => button(name, () => setMode(name), { "data-mode": name, title: String(i + 1) }));
  const moved = () => {
    for (const node of stage.querySelectorAll("img, canvas")) node.style.transform = `translate(${shift[0]}px, ${shift[1]}px) scale(${zoom})`;
    level.textContent = `${number(zoom * 100)} %`;
  };
  const setZoom = (value) => {
    const before = zoom;
    zoom = Math.min(16, Math.max(1, value));
    shift = zoom === 1 ? [0, 0] : shift.map((part) => (part * zoom) / before);
    if (zoom > 2) for (const node of stage.querySelectorAll("img[data-small]")) {
      // the whole resolution, once it can be seen
      node.src = pictureOf(node.dataset.small, 4096);
      delete node.dataset.small;
    }
    moved();
  };
  const setMode = (name) => { mode = name; draw(); };

  const draw = async () => {
    clearInterval(timer);
    dialog.dataset.mode = mode;
    for (const node of modes) {
      node.setAttribute("aria-pressed", node.dataset.mode === mode);
      node.disabled = pair.length < 2;
    }
    title.textContent = t(pair.length > 1 ? "compare_pair" : "compare_one");
    const mine = pair;
    const looked = mode;
    const shows = pair.length > 1 && DRAWN[mode];
    const pictures = shows ? [drawn(pair, mode)] : pair.map((image) => picture(image, 1280));
    if (!shows) pictures.forEach(({ node }, i) => { node.dataset.small = pair[i].row; });
    stage.replaceChildren(...pictures.map(({ node }, i) => el("div", { class: "pane", "data-side": i }, node,
      shows ? el("p", { class: "caption" }, t(`${mode}_lead`)) : caption(pair[i]))));
    moved();
    tell(mine);
    try {
      await Promise.all(pictures.map((one) => one.ready));
    } catch (error) {
      toast(error.message, true);
      return;
    }
    if (mine !== pair || looked !== mode || !dialog.open) return;
    if (mode === "difference" && pair.length > 1) stage.replaceChildren(el("div", { class: "pane" }, difference(...pictures.map((one) => one.node))));
    stage.classList.remove("flipped");
    if (mode === "flicker" && !still.matches) timer = setInterval(flip, FLICKER_MS);
    moved();
    dialog.dataset.ready = `${pair.map((image) => image.row)} ${mode}`;
  };
  let told = null;
  const tell = async (mine) => {
    if (told === mine) return;
    told = mine;
    const [one, other] = mine.length > 1 ? mine : [mine[0], mine[0]];
    found.replaceChildren(mine.length > 1 ? t("comparing") : "");
    let links = null;
    let evidence = null;
    const show = () => { if (mine === pair && links) details.replaceChildren(table(mine, links, evidence)); };
    const asked = get(`/api/pair/${one.row}/${other.row}`).then((answer) => { links = answer; show(); });
    asked.catch((error) => toast(error.message, true));
    if (mine.length < 2) return;
    try {
      evidence = await get(`/api/evidence/${one.row}/${other.row}`);
      if (mine === pair) found.replaceChildren(...finding(evidence));
      show();
    } catch (error) {
      if (mine === pair) found.replaceChildren(t("cannot_compare", { why: error.message }));
    }
  };
  const flip = () => stage.classList.toggle("flipped");

  const keys = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const run = {
      1: () => setMode("side"), 2: () => setMode("flicker"), 3: () => setMode("difference"), 4: () => setMode("overlay"), 5: () => setMode("change_map"),
      s: () => setMode("side"), f: () => (mode === "flicker" ? flip() : setMode("flicker")), x: () => setMode("difference"), o: () => setMode("overlay"), c: () => setMode("change_map"),
      "+": () => setZoom(zoom * 1.5), "=": () => setZoom(zoom * 1.5), "-": () => setZoom(zoom / 1.5), 0: () => setZoom(1),
      ArrowRight: () => move(1), ArrowLeft: () => move(-1), " ": () => dialog.close(),
    }[event.key];
    if (event.key === " " && event.target.closest("button")) return;
    if (run) {
      event.preventDefault();
      run();
    } else if (act(event.key, pair[pair.length - 1])) {
      event.preventDefault();
      dialog.close();
    }
  };
  const move = (by) => {
    const next = neighbour(by);
    if (!next) return;
    pair = next;
    zoom = 1;
    shift = [0, 0];
    draw();
  };
  let from = null;
  stage.onpointerdown = (event) => {
    from = [event.clientX - shift[0], event.clientY - shift[1]];
    stage.setPointerCapture(event.pointerId);
  };
  stage.onpointermove = (event) => {
    if (!from || zoom === 1) return;
    shift = [event.clientX - from[0], event.clientY - from[1]];
    moved();
  };
  stage.onpointerup = () => { from = null; };
  stage.onwheel = (event) => {
    event.preventDefault();
    setZoom(event.deltaY < 0 ? zoom * 1.2 : zoom / 1.2);
  };
  // two fingers zoom
  let apart = 0;
  const between = ([one, other]) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  stage.ontouchstart = (event) => { apart = event.touches.length === 2 ? between(event.touches) : 0; };
  stage.ontouchmove = (event) => {
    if (event.touches.length !== 2 || !apart) return;
    from = null;
    const now = between(event.touches);
    setZoom((zoom * now) / apart);
    apart = now;
  };

  const doing = ["k", "d", "g", "n"].map((key) => {
    const names = { k: "do_keep", d: "do_drop", g: "do_king", n: "do_distinct" };
    const node = button(names[key], () => { if (act(key, pair[pair.length - 1])) dialog.close(); });
    node.append(" ", el("kbd", {}, key));
    return node;
  });
  dialog.replaceChildren(el("div", { class: "compare-bar" }, title, button("close", () => dialog.close(), { id: "compare-close" })),
    el("div", { class: "compare-bar" }, el("div", { class: "tabs", role: "group", "aria-label": t("compare") }, ...modes),
      el("div", { class: "tabs" }, el("button", { type: "button", "aria-label": t("zoom_out"), onclick: () => setZoom(zoom / 1.5) }, "−"), level,
        el("button", { type: "button", "aria-label": t("zoom_in"), onclick: () => setZoom(zoom * 1.5) }, "+")),
      el("div", { class: "tabs", role: "group", "aria-label": t("decide_second") }, el("span", { class: "muted" }, t("decide_second")), ...doing)),
    found, stage, details);
  dialog.onkeydown = keys;
  dialog.onclose = () => {
    clearInterval(timer);
    open = null;
    delete dialog.dataset.ready;
    const back = document.querySelector("#view .pic.current");
    if (back) back.focus({ preventScroll: true });
  };
  open = dialog;
  dialog.showModal();
  await draw();
};
export const comparing = () => open !== null;

/* |a - b| four times amplified, drawn without looking at a pixel: the second picture is stretched onto the first. */
const difference = (a, b) => {
  const canvas = el("canvas", { width: a.naturalWidth, height: a.naturalHeight, role: "img", "aria-label": t("difference_of") });
  const pen = canvas.getContext("2d");
  pen.drawImage(a, 0, 0);
  pen.globalCompositeOperation = "difference";
  pen.drawImage(b, 0, 0, canvas.width, canvas.height);
  pen.globalCompositeOperation = "lighter";
  pen.drawImage(canvas, 0, 0);
  pen.drawImage(canvas, 0, 0);
  return canvas;
};
