// Elements made by hand: text is always text, never markup.

export const $ = (selector) => document.querySelector(selector);

export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

// A colour and the first letter of a name; the same name always looks the same.
export function avatar(name) {
  let hash = 7;
  for (const letter of name.toLowerCase()) hash = (hash * 31 + letter.codePointAt(0)) % 3600;
  const letters = [...new Intl.Segmenter().segment(name)].map((part) => part.segment);
  const element = el("span", { class: "avatar", "aria-hidden": "true" }, (letters[0] ?? "?").toUpperCase());
  element.style.setProperty("--hue", String((hash * 137) % 360));
  return element;
}

export function assistantAvatar() {
  return el("span", { class: "avatar assistant", "aria-hidden": "true" }, icon("ear"));
}

// Says something to screen readers only.
export function announce(text) {
  const place = $("#announce");
  place.textContent = "";
  requestAnimationFrame(() => { place.textContent = text; });
}

// An id that a retry can send again; randomUUID is missing where the page is not on localhost.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
