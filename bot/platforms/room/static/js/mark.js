// The quiet mark under a person's message: how near Earshot came to speaking, and why it did not.

import { el } from "./dom.js";

const WORDS = { silent: "stayed silent", speak: "spoke up" };

// Says a mark in one short line.
export function markText(mark) {
  if (mark.state === "waiting") return "waiting";
  if (mark.state === "not_kept") return "not read, not kept";
  if (mark.state === "next") return "decided with the next";
  if (mark.state === "failed") return `failed: ${mark.reason}`;
  if (mark.rule === "addressed") return "addressed · answers";
  const rule = mark.rule === "threshold" ? "" : ` (${mark.rule})`;
  const words = `${WORDS[mark.state]}${rule}`;
  if (mark.p_speak === null || mark.threshold === null) return words;
  return `${compared(mark)} · ${words}`;
}

// Rounds apart: 0.498 against 0.50 must not read as 0.50 < 0.50.
function compared({ p_speak: p, threshold: t }) {
  const digits = p !== t && p.toFixed(2) === t.toFixed(2) ? 4 : 2;
  return `${p.toFixed(digits)} ${p >= t ? "≥" : "<"} ${t.toFixed(digits)}`;
}

export function meter(p, threshold) {
  const element = el("span", { class: "meter", "aria-hidden": "true" }, el("i"), el("u"));
  element.style.setProperty("--p", String(p));
  element.style.setProperty("--t", String(threshold));
  return element;
}

// A mark that can be opened; `show` changes it in place, so that screen readers stay calm.
export function markView(mark) {
  const button = el("button", { type: "button", tabindex: "-1", "aria-expanded": "false" });
  const view = el("div", { class: "marked" }, button);
  let shown = mark;
  button.addEventListener("click", () => {
    const open = view.querySelector(".why");
    if (open) open.remove();
    else if (shown.reason) view.append(whyView(shown));
    button.setAttribute("aria-expanded", String(Boolean(view.querySelector(".why"))));
  });
  const show = (next) => {
    shown = next;
    button.className = `mark ${next.state}`;
    button.replaceChildren(...parts(next));
    button.toggleAttribute("aria-disabled", !next.reason);
    view.querySelector(".why")?.replaceWith(whyView(next));
  };
  show(mark);
  return { view, show, mark: () => shown };
}

function parts(mark) {
  const text = el("span", {}, markText(mark));
  if (mark.state === "failed") return [el("span", { class: "bang", "aria-hidden": "true" }, "!"), text];
  const isScored = mark.state !== "next" && typeof mark.p_speak === "number" && typeof mark.threshold === "number";
  return isScored ? [meter(mark.p_speak, mark.threshold), text] : [text];
}

function whyView(mark) {
  const sentence = mark.reason ? mark.reason[0].toUpperCase() + mark.reason.slice(1) : "";
  const facts = [
    `rule: ${mark.rule}`,
    mark.model && `model: ${mark.model}${mark.adapter ? ` with ${mark.adapter}` : ""}`,
    typeof mark.latency_ms === "number" && `decided in ${Math.round(mark.latency_ms)} ms`,
  ];
  return el("div", { class: "why" }, el("p", {}, `${sentence}.`), el("p", {}, facts.filter(Boolean).join(" · ")));
}
