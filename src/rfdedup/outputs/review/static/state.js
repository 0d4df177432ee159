/* What all views share: the summary of the run, the current image, and what may be done with it. */
import { get, post } from "./api.js";
import { t, toast } from "./dom.js";

export const shared = { summary: null, current: null };
export const events = new EventTarget();
const tell = (name) => events.dispatchEvent(new Event(name));

/* the part of the revision that stands for the tables: pictures are cached under it */
export const runStamp = () => shared.summary.revision.split("-").slice(1).join("");
export const previewOf = (row) => `/api/preview/${row}?r=${runStamp()}`;
export const pictureOf = (row, side) => `/api/picture/${row}/${side}?r=${runStamp()}`;
export const proofOf = (king, subject, what) => `/api/proof/${king}/${subject}/${what}?r=${runStamp()}`;

export const takeSummary = (summary) => {
  const before = shared.summary;
  shared.summary = summary;
  tell("summary");
  if (before && before.revision !== summary.revision) tell("changed");
};
export const refresh = async () => takeSummary(await get("/api/summary"));

const attempt = async (run) => {
  try {
    await run();
    return true;
  } catch (error) {
    toast(error.message, true);
    return false;
  }
};

/* Each decision is one saved step. about: rows, pairs of rows, or a whole group by the row of its king. */
export const decide = (choice, about, path) => attempt(async () => {
  takeSummary(await post("/api/decide", { choice, ...about }));
  toast(t(`saved_${choice}`, { path }));
});
export const undo = () => attempt(async () => {
  const { done } = await post("/api/undo");
  toast(t(done ? "undone" : "nothing_undone"));
  await refresh();
});
export const redo = () => attempt(async () => {
  const { done } = await post("/api/redo");
  toast(t(done ? "redone" : "nothing_redone"));
  await refresh();
});
export const recompute = (change = {}) => attempt(async () => {
  await post("/api/recompute", change);
  await refresh();
});

/* Other tabs, other processes and the funnel change the run: a small question now and then finds out. */
let silent = false;
export const watch = () => {
  const look = async () => {
    if (document.hidden || !shared.summary) return;
    try {
      const pulse = await get("/api/pulse");
      silent = false;
      const { revision, job, trouble, job_failed } = shared.summary;
      if (pulse.revision !== revision || pulse.job !== job || pulse.trouble !== trouble || pulse.job_failed !== job_failed) {
        const finished = job === "running" && pulse.job === "idle";
        await refresh();
        if (finished) toast(t("recomputed"));
      }
    } catch (error) {
      if (!silent) toast(error.message, true);
      silent = true;
    }
  };
  setInterval(look, 1500);
  addEventListener("focus", look);
  document.addEventListener("visibilitychange", look);
};
