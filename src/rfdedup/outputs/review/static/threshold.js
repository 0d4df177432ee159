/* The similarity threshold as a slider: what it would change, at once and in pictures. */
import { get } from "./api.js";
import { button, el, number, t, toast } from "./dom.js";
import { drawChanges } from "./changes.js";
import { histogram } from "./histogram.js";
import { samenessView } from "./sameness.js";
import { events, recompute, shared } from "./state.js";

export const thresholdView = () => {
  // where pictures were compared there is no threshold to move
  if (shared.summary.same !== "meaning") return samenessView();
  const { threshold, floor } = shared.summary;
  if (threshold === null) return { node: el("p", { class: "muted" }, t("no_threshold")), close: () => {} };
  const top = 0.995;
  const slider = el("input", { type: "range", min: floor, max: top, step: "0.005", id: "slider", "aria-label": t("threshold_value") });
  const exact = el("input", { type: "number", min: floor, max: top, step: "0.005", class: "short", "aria-label": t("threshold_value") });
  const plot = histogram();
  const answer = el("div", { id: "threshold-answer", "aria-live": "polite" });
  const accept = button("accept", () => recompute({ threshold: Number(slider.value) }), { id: "accept", class: "main" });
  const back = button("reset_slider", () => move(threshold), { id: "reset-slider" });
  let last = null;

  // one question at a time; only the latest value is asked next
  let asking = false;
  let wanted = null;
  const ask = async () => {
    if (asking) return;
    asking = true;
    while (wanted !== null) {
      const value = wanted;
      wanted = null;
      const began = performance.now();
      try {
        const found = await get("/api/threshold", { value });
        last = found;
        draw(found);
        answer.dataset.ms = (performance.now() - began).toFixed(0);
      } catch (error) {
        toast(error.message, true);
      }
    }
    asking = false;
  };
  const move = (value) => {
    const inside = Math.min(top, Math.max(floor, value));
    slider.value = inside;
    exact.value = Number(inside.toFixed(4));
    const shown = number(inside, 3);
    slider.setAttribute("aria-valuetext", shown);
    plot.mark(inside);
    accept.textContent = t("accept", { value: shown });
    accept.disabled = inside === threshold || shared.summary.job === "running";
    back.textContent = t("reset_slider", { value: number(threshold, 3) });
    wanted = inside;
    ask();
  };
  slider.addEventListener("input", () => move(Number(slider.value)));
  exact.addEventListener("change", () => move(Number(exact.value) || threshold));

  const draw = (found) => drawChanges(answer, found, number(found.threshold, 3), "some_shown");
  const again = () => {
    plot.load().catch((error) => toast(error.message, true));
    move(last ? Number(slider.value) : threshold);
  };
  events.addEventListener("changed", again);
  const node = el("section", {}, el("p", { class: "muted" }, t("threshold_lead")),
    el("div", { class: "panel" }, plot.node, el("div", { class: "slider" }, slider, exact, accept, back)), answer);
  move(threshold);
  plot.load().catch((error) => toast(error.message, true));
  return {
    node,
    close: () => {
      plot.close();
      events.removeEventListener("changed", again);
    },
  };
};
