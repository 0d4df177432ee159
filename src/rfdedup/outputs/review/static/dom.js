/* Elements, words and numbers. Text enters the page through text nodes only. */

let texts = {};
let lang = 0;

export const loadTexts = async () => {
  const [words, said] = await Promise.all(["/static/texts.json", "/sentences.json"].map(async (path) => (await fetch(path)).json()));
  texts = { ...words, ...Object.fromEntries(Object.entries(said).map(([key, pair]) => [`say_${key}`, pair])) };
};
export const setLang = (code) => {
  lang = code === "vi" ? 1 : 0;
  document.documentElement.lang = lang ? "vi" : "en";
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  for (const node of document.querySelectorAll("[data-title]")) node.title = t(node.dataset.title);
  for (const node of document.querySelectorAll(".switch button")) node.setAttribute("aria-pressed", node.dataset.lang === (lang ? "vi" : "en"));
};

export const t = (key, values = {}) =>
  (texts[key] ? texts[key][lang] : key).replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
export const named = (prefix, value) => (texts[prefix + value] ? t(prefix + value) : String(value));

/* A sentence that a comparison wrote, from its parts. */
export const say = (parts) =>
  parts.map(([key, value]) => (texts[`say_${key}`] ? t(`say_${key}`, { a: figures(value) }) : key)).join(", ").replace(/ %/g, "\u00a0%");

const locale = () => (lang ? "vi-VN" : "en-US");
export const number = (value, digits = 0) => new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
const figures = (value) => new Intl.NumberFormat(locale(), { maximumSignificantDigits: 3 }).format(value);
export const bytes = (value) => {
  if (value === null || value === undefined) return "";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  while (value >= 1000 && i < units.length - 1) { value /= 1000; i += 1; }
  return `${number(value, value < 10 && i ? 1 : 0)} ${units[i]}`;
};
export const when = (seconds) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(seconds * 1000));

/* A path that may break after its separators, not in the middle of a word. */
export const pathText = (path, attributes = {}) =>
  el("span", { class: "path", ...attributes }, ...path.split(/(?<=[/_\-\s])|(?=\.)/).flatMap((part) => [part, document.createElement("wbr")]));

export const byId = (id) => document.getElementById(id);
export const el = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("aria-") && typeof value === "boolean") { node.setAttribute(name, String(value)); continue; }
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
};
export const button = (key, run, attributes = {}) => el("button", { type: "button", onclick: run, ...attributes }, t(key));

let fading = 0;
export const toast = (text, bad = false) => {
  const node = byId("toast");
  node.textContent = text;
  node.classList.toggle("bad", bad);
  clearTimeout(fading);
  fading = setTimeout(() => { node.textContent = ""; }, bad ? 8000 : 3500);
};
