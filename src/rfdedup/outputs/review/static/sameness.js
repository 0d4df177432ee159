/* What makes two images the same: edits of one picture only, or also two pictures of one moment. */
import { get } from "./api.js";
import { drawChanges } from "./changes.js";
import { button, el, t, toast } from "./dom.js";
import { events, recompute, shared } from "./state.js";

const KINDS = ["copy", "moment"];

export const samenessView = () => {
  const { same } = shared.summary;
  let chosen = same;
  let asked = 0;
  const answer = el("div", { id: "same-answer", "aria-live": "polite" });
  const choices = KINDS.map((kind) => {
    const box = el("input", { type: "radio", name: "same", value: kind, id: `same-${kind}`, onchange: () => choose(kind) });
    box.checked = kind === chosen;
    return el("label", { class: "choice" }, box, el("span", {}, el("strong", {}, t(`same_${kind}`)), el("span", { class: "muted" }, t(`same_${kind}_lead`))));
  });
  const accept = button("accept_same", () => recompute({ same: chosen }), { id: "accept", class: "main" });
  const choose = async (kind) => {
    chosen = kind;
    asked += 1;
    const mine = asked;
    accept.textContent = t("accept_same", { value: t(`same_${kind}`) });
    accept.disabled = kind === shared.summary.same || shared.summary.job === "running";
    try {
      const found = await get("/api/same", { value: kind });
      if (mine === asked) drawChanges(answer, found, t(`same_${kind}`), "some_shown_same");
    } catch (error) {
      toast(error.message, true);
    }
  };
  const again = () => choose(chosen);
  events.addEventListener("changed", again);
  const node = el("section", {}, el("p", { class: "muted" }, t("same_lead")),
    el("fieldset", { class: "panel choices" }, el("legend", {}, t("sameness")), ...choices, accept), answer);
  choose(chosen);
  return { node, close: () => events.removeEventListener("changed", again) };
};
