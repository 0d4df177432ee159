/* Requests to the server. Every failure becomes an Error whose message can be shown. */
import { t } from "./dom.js";

const ask = async (path, options = {}) => {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(t("no_server"));
  }
  if (response.status === 403) throw new Error(t("old_link"));
  if (!response.ok) {
    let message = `${response.status} ${response.statusText}`;
    try { message = (await response.json()).error || message; } catch { /* not every answer is JSON */ }
    throw new Error(message);
  }
  return response;
};

export const get = async (path, params = {}, signal = undefined) => {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false));
  const text = query.toString();
  return (await ask(text ? `${path}?${text}` : path, { signal })).json();
};
export const post = async (path, body = {}) =>
  (await ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).json();
export const postBytes = async (path, blob) =>
  (await ask(path, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: blob })).json();
export const getPoints = async () => {
  const response = await ask("/api/map");
  return { about: JSON.parse(response.headers.get("X-Map")), data: await response.arrayBuffer() };
};
