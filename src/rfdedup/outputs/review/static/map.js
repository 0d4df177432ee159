/* All embeddings on a plane. A hundred thousand dots are set in one bitmap, so moving stays smooth. */
import { getPoints, post } from "./api.js";
import { button, el, number, t, toast } from "./dom.js";
import { figure, restoreCursor } from "./figure.js";
import { events, previewOf } from "./state.js";

const SHOWN = 60;
const VERDICTS = ["keep", "semantic", "error"];
const channels = (name) => {
  const text = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const pen = document.createElement("canvas").getContext("2d");
  pen.fillStyle = text;
  pen.fillRect(0, 0, 1, 1);
  return pen.getImageData(0, 0, 1, 1).data;
};

export const mapView = () => {
  const canvas = el("canvas", { class: "map", tabindex: "0", role: "img" });
  const peek = el("img", { class: "peek", alt: "", hidden: true });
  const method = el("p", { class: "muted", id: "map-method", role: "status" });
  const found = el("p", { class: "status", id: "map-found", role: "status", "aria-live": "polite" });
  const list = el("div", { class: "panel tiles", hidden: true });
  let points = { n: 0, x: new Float32Array(), y: new Float32Array(), row: new Int32Array(), verdict: new Int32Array() };
  let view = { x: 0, y: 0, scale: 1 };
  let tool = "move";
  let lasso = [];
  let chosen = [];
  let closed = false;

  // pixels of one unit; the map fills its frame
  const across = () => (canvas.width / 2.15) * view.scale;
  const down = () => (canvas.height / 2.15) * view.scale;
  const fromEvent = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * (canvas.width / box.width), (event.clientY - box.top) * (canvas.height / box.height)];
  };

  let waiting = false;
  const redraw = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };
  let paint = null;
  const colours = () => {
    const packed = (name) => { const [r, g, b] = channels(name); return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0; };
    return { verdicts: VERDICTS.map(packed), picked: packed("ink"), lasso: `rgb(${[...channels("accent")].slice(0, 3)})` };
  };
  const draw = () => {
    const began = performance.now();
    const pen = canvas.getContext("2d");
    const { width, height } = canvas;
    if (!width || !height) return;
    paint ||= colours();
    const bitmap = pen.createImageData(width, height);
    const pixels = new Uint32Array(bitmap.data.buffer);
    const [kx, ky] = [across(), down()];
    const size = Math.round(Math.min(9, (points.n > 20000 ? 2 : points.n > 2000 ? 3 : 5) * devicePixelRatio * Math.sqrt(view.scale)));
    const [left, top] = [width / 2 - size / 2 - view.x * kx, height / 2 - size / 2 - view.y * ky];
    const dot = (i, colour) => {
      const px = Math.round(points.x[i] * kx + left);
      const py = Math.round(points.y[i] * ky + top);
      if (px < 0 || py < 0 || px + size >= width || py + size >= height) return;
      for (let y = py; y < py + size; y += 1) for (let x = px; x < px + size; x += 1) pixels[y * width + x] = colour;
    };
    for (let i = 0; i < points.n; i += 1) dot(i, paint.verdicts[points.verdict[i]]);
    for (const i of chosen) dot(i, paint.picked);
    pen.putImageData(bitmap, 0, 0);
    if (lasso.length > 1) {
      pen.beginPath();
      lasso.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.closePath();
      pen.strokeStyle = paint.lasso;
      pen.lineWidth = 2 * devicePixelRatio;
      pen.stroke();
    }
    canvas.dataset.ms = (performance.now() - began).toFixed(1);
  };
  const repaint = () => { paint = null; redraw(); };

  const zoomAt = (factor, x = canvas.width / 2, y = canvas.height / 2) => {
    const world = [(x - canvas.width / 2) / across() + view.x, (y - canvas.height / 2) / down() + view.y];
    view.scale = Math.min(200, Math.max(0.5, view.scale * factor));
    view.x = world[0] - (x - canvas.width / 2) / across();
    view.y = world[1] - (y - canvas.height / 2) / down();
    redraw();
  };
  const nearest = (x, y, within) => {
    let best = -1;
    let least = within * within;
    const [kx, ky] = [across(), down()];
    const [ox, oy] = [canvas.width / 2 - view.x * kx - x, canvas.height / 2 - view.y * ky - y];
    for (let i = 0; i < points.n; i += 1) {
      const d = (points.x[i] * kx + ox) ** 2 + (points.y[i] * ky + oy) ** 2;
      if (d < least) { least = d; best = i; }
    }
    return best;
  };

  let held = null;
  canvas.addEventListener("pointerdown", (event) => {
    const [x, y] = fromEvent(event);
    canvas.setPointerCapture(event.pointerId);
    held = { x, y, view: { ...view }, moved: false };
    if (tool === "lasso" || event.shiftKey) lasso = [[x, y]];
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = fromEvent(event);
    if (held) {
      held.moved ||= Math.hypot(x - held.x, y - held.y) > 4;
      if (lasso.length) lasso.push([x, y]);
      else { view.x = held.view.x - (x - held.x) / across(); view.y = held.view.y - (y - held.y) / down(); }
      redraw();
      return;
    }
    const at = nearest(x, y, 10 * devicePixelRatio);
    peek.hidden = at < 0;
    if (at >= 0) {
      const src = previewOf(points.row[at]);
      if (!peek.src.endsWith(src)) peek.src = src;
      const box = canvas.getBoundingClientRect();
      peek.style.left = `${Math.min(event.clientX - box.left + 14, box.width - 170)}px`;
      peek.style.top = `${Math.min(event.clientY - box.top + 14, box.height - 130)}px`;
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    const drawn = lasso;
    const { moved } = held || { moved: true };
    held = null;
    lasso = [];
    if (drawn.length > 2) inspect(inside(drawn));
    else if (!moved) {
      const at = nearest(...fromEvent(event), 10 * devicePixelRatio);
      if (at >= 0) inspect([at]);
    }
    redraw();
  });
  canvas.addEventListener("pointerleave", () => { peek.hidden = true; });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoomAt(event.deltaY < 0 ? 1.25 : 0.8, ...fromEvent(event));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const by = 0.15 / view.scale;
    const run = {
      "+": () => zoomAt(1.25), "=": () => zoomAt(1.25), "-": () => zoomAt(0.8), 0: whole,
      ArrowLeft: () => { view.x -= by; }, ArrowRight: () => { view.x += by; }, ArrowUp: () => { view.y -= by; }, ArrowDown: () => { view.y += by; },
    }[event.key];
    if (!run) return;
    event.preventDefault();
    event.stopPropagation();
    run();
    redraw();
  });

  const inside = (polygon) => {
    const within = [];
    const [kx, ky] = [across(), down()];
    for (let i = 0; i < points.n; i += 1) {
      const x = (points.x[i] - view.x) * kx + canvas.width / 2;
      const y = (points.y[i] - view.y) * ky + canvas.height / 2;
      let odd = false;
      for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a, a += 1) {
        const [ax, ay] = polygon[a];
        const [bx, by] = polygon[b];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
      }
      if (odd) within.push(i);
    }
    return within;
  };
  const inView = () => inside([[0, 0], [canvas.width, 0], [canvas.width, canvas.height], [0, canvas.height]]);
  const whole = () => { view = { x: 0, y: 0, scale: 1 }; redraw(); };
  const inspect = async (numbers) => {
    chosen = numbers;
    redraw();
    found.textContent = `${t("inside_lasso", { n: number(numbers.length) })} ${numbers.length > SHOWN ? t("shown_first", { n: number(SHOWN) }) : ""}`;
    list.hidden = !numbers.length;
    if (!numbers.length) return;
    try {
      const { items } = await post("/api/some", { rows: numbers.slice(0, SHOWN).map((i) => points.row[i]) });
      if (closed) return;
      list.replaceChildren(...items.map((image) => figure(image)));
      restoreCursor(null, 0, false);
    } catch (error) {
      toast(error.message, true);
    }
  };

  const fit = () => {
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
    redraw();
  };
  const load = async () => {
    try {
      const { about, data } = await getPoints();
      if (closed) return;
      const n = data.byteLength / 16;
      const floats = new Float32Array(data);
      const whole_ = new Int32Array(data);
      const column = (source, k) => source.filter((_, i) => i % 4 === k);
      points = { n, x: column(floats, 0), y: column(floats, 1), row: column(whole_, 2), verdict: column(whole_, 3) };
      method.replaceChildren(t("map_method", { shown: number(about.shown), n: number(about.total), method: t(`map_${about.method}`) }));
      if (about.coming) method.append(" · ", t("map_coming", { seconds: number(about.seconds) }), " ", el("progress", { "aria-label": t("map_progress") }));
      if (about.trouble) method.append(" · ", t("map_trouble", { why: about.trouble }));
      canvas.setAttribute("aria-label", t("map_canvas", { n: number(n) }));
      canvas.dataset.points = n;
      redraw();
      if (about.coming) setTimeout(() => { if (!closed) load(); }, 2000);
    } catch (error) {
      method.replaceChildren(error.message);
    }
  };
  method.append(t("map_preparing"), " ", el("progress", { "aria-label": t("map_progress") }));

  const tools = ["move", "lasso"].map((name) => button(name, () => {
    tool = name;
    for (const node of tools) node.setAttribute("aria-pressed", node.dataset.tool === tool);
    canvas.classList.toggle("drawing", tool === "lasso");
  }, { "data-tool": name, "aria-pressed": name === "move" }));
  const sizes = new ResizeObserver(fit);
  sizes.observe(canvas);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", repaint);
  events.addEventListener("changed", load);
  load();
  return {
    node: el("section", {}, el("p", { class: "muted" }, t("map_lead")),
      el("div", { class: "tabs" }, ...tools, button("zoom_in", () => zoomAt(1.5)), button("zoom_out", () => zoomAt(1 / 1.5)), button("whole", whole), button("inspect_view", () => inspect(inView()), { id: "inspect-view" }),
        el("span", { class: "legend" }, ...[["keep", "keep"], ["drop", "semantic"]].map(([verdict, colour]) => el("span", {}, el("span", { class: `dot ${colour}`, "aria-hidden": "true" }), t(verdict))))),
      method, el("div", { class: "map-box" }, canvas, peek), found, list),
    close: () => {
      closed = true;
      sizes.disconnect();
      dark.removeEventListener("change", repaint);
      events.removeEventListener("changed", load);
    },
  };
};
