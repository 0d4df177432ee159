/* Images like one of the run, or like a picture of one's own. */
import { get, postBytes } from "./api.js";
import { button, byId, el, number, pathText, t, toast } from "./dom.js";
import { figure, restoreCursor } from "./figure.js";

const MOST = 60;
let given = null;

/* A picture that was dropped or chosen; it is sent to this machine's server only. */
export const give = (file) => {
  given = file;
  if (location.hash === "#like?yours=1") dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = "#like?yours=1";
};

export const likeView = (place) => {
  const file = el("input", { type: "file", accept: "image/*", class: "hidden", id: "like-file", tabindex: "-1", "aria-label": t("like_choose") });
  file.addEventListener("change", () => { if (file.files.length) give(file.files[0]); });
  const status = el("p", { class: "status", role: "status", "aria-live": "polite", id: "like-status" });
  const asked = el("div", { class: "asked" });
  const list = el("div", { class: "panel tiles", id: "list", hidden: true });
  const row = place.get("row");
  let url = null;
  const search = async () => {
    status.textContent = t("searching");
    try {
      let answer;
      if (row !== null) {
        const image = await get(`/api/image/${Number(row)}`);
        asked.replaceChildren(figure(image, { king: image.verdict === "keep" }));
        answer = await get(`/api/like/${Number(row)}`, { limit: MOST });
        status.textContent = t("like_of", { path: image.path });
      } else {
        url = URL.createObjectURL(given);
        asked.replaceChildren(el("figure", { class: "yours" }, el("div", { class: "frame" }, el("img", { src: url, alt: given.name })), el("figcaption", {}, pathText(given.name))));
        answer = await postBytes(`/api/like?limit=${MOST}`, given);
        status.textContent = t("like_yours", { path: given.name });
      }
      status.append(` · ${t("like_searched", { n: number(answer.searched), total: number(answer.images) })}`);
      list.hidden = false;
      list.replaceChildren(...answer.items.map(({ image, score }) => figure(image, { note: number(score, 3) })));
      restoreCursor(null, 0, false);
    } catch (error) {
      status.textContent = "";
      toast(error.message, true);
    }
  };
  if (row !== null || (place.get("yours") && given)) search();
  return {
    node: el("section", {}, el("p", { class: "muted" }, t("like_lead")), button("like_choose", () => file.click()), file, status, asked, list),
    close: () => { if (url) URL.revokeObjectURL(url); },
  };
};

export const acceptDrops = () => {
  const sign = byId("drop-here");
  const withFiles = (event) => [...event.dataTransfer.types].includes("Files");
  addEventListener("dragover", (event) => {
    if (!withFiles(event)) return;
    event.preventDefault();
    sign.hidden = false;
  });
  addEventListener("dragleave", (event) => { if (event.relatedTarget === null) sign.hidden = true; });
  addEventListener("drop", (event) => {
    sign.hidden = true;
    if (!withFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer.files.length) give(event.dataTransfer.files[0]);
  });
};
