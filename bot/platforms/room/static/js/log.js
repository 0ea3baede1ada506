// The conversation on the page: what it holds, in which order, and where it is scrolled to.

import { $, announce, el, icon, assistantAvatar } from "./dom.js";
import { assistantName, hideQuote, messageView, show } from "./message.js";

const log = $("#log");
const list = $("#messages");
const GROUP_MS = 5 * 60 * 1000;
const FRESH_MS = 5000; // a reply may be posted just before the history has it

const views = new Map(); // message id -> view
const marks = new Map(); // marks that came before their message
const drafts = new Map(); // message id -> element
let act = {};

export const setActions = (actions) => { act = actions; };
export const find = (id) => views.get(id)?.message;
export const markOf = (id) => views.get(id)?.mark?.mark() ?? marks.get(id);
export const isEmpty = () => views.size === 0;
export const lastOwn = () => [...views.values()].reverse().find(({ message: m }) => !m.from_assistant && !m.deleted && !m.hidden);

export function clear() {
  views.clear();
  marks.clear();
  drafts.clear();
  list.replaceChildren();
}

// Takes over the history as the server has it, keeping what the visitor has opened or focused.
export function replace(messages) {
  const known = new Set(messages.map((message) => message.id));
  for (const [id, view] of views) {
    const isFresh = view.message.from_assistant && Date.now() - view.at < FRESH_MS;
    if (!known.has(id) && !isFresh) drop(id, view);
  }
  let place = list.firstChild;
  for (const message of messages) {
    const view = update(message);
    while (place && place !== view.item && !place.classList.contains("message")) place = place.nextSibling;
    if (place === view.item) place = place.nextSibling;
    else list.insertBefore(view.item, place);
  }
  settle();
}

export function add(message) {
  const isNew = !views.has(message.id);
  const stick = isAtEnd();
  drafts.get(message.id)?.remove();
  drafts.delete(message.id);
  const early = marks.get(message.id);
  const view = isNew ? update(early ? { ...message, mark: early } : message) : views.get(message.id);
  if (isNew) list.append(view.item);
  settle();
  if (stick) toEnd();
  else if (isNew) $("#newest").hidden = false;
}

export function mark(id, next) {
  const stick = isAtEnd();
  marks.set(id, next);
  views.get(id)?.mark?.show(next);
  if (stick) toEnd();
}

export function changed(id, changes) {
  const view = views.get(id);
  if (!view) return;
  Object.assign(view.message, changes);
  show(view);
}

export function draft(id, text) {
  if (views.has(id)) return;
  const stick = isAtEnd();
  let item = drafts.get(id);
  if (!item) {
    item = el("li", { class: "message assistant draft", "aria-hidden": "true" }, assistantAvatar(),
      el("div", { class: "body" }, el("div", { class: "head" }, el("b", {}, assistantName())), el("div", { class: "text", dir: "auto" })));
    drafts.set(id, item);
    list.append(item);
  }
  item.querySelector(".text").textContent = text;
  if (stick) toEnd();
}

export function withdraw(id) {
  drafts.get(id)?.remove();
  drafts.delete(id);
}

// Puts a line that is not a message at the end; it is not kept.
export function note(text, label, { isTable = false } = {}) {
  const close = el("button", { type: "button", class: "icon small", "aria-label": "Dismiss this note" }, icon("close"));
  const item = el("li", { class: "note" }, el("p", { class: "label" }, label), close, el("pre", isTable ? { class: "table", role: "region", tabindex: "0", "aria-label": label } : { dir: "auto" }, text));
  close.addEventListener("click", () => {
    item.remove();
    $("#text").focus();
  });
  list.append(item);
  settle();
  toEnd();
}

export function jump(id) {
  const view = views.get(id);
  if (!view) return announce("That message is not shown here.");
  view.item.scrollIntoView({ block: "center" });
  activate(view.item);
  view.item.classList.remove("found");
  requestAnimationFrame(() => view.item.classList.add("found"));
}

export function toEnd() {
  log.scrollTop = isEmpty() ? 0 : log.scrollHeight;
  $("#newest").hidden = true;
}

function update(message) {
  const old = views.get(message.id);
  if (old && JSON.stringify(old.message) === JSON.stringify(message)) return old;
  if (old && old.message.text === message.text && old.message.deleted === message.deleted
      && old.message.hidden === message.hidden && old.message.edited === message.edited) {
    old.message = message;
    if (message.mark && message.mark.state !== "waiting") old.mark?.show(message.mark); // it may be older
    return old;
  }
  const view = messageView(message, { act, find });
  view.at = Date.now();
  if (old) old.item.replaceWith(view.item);
  views.set(message.id, view);
  return view;
}

function drop(id, view) {
  view.item.remove();
  views.delete(id);
}

// Days, and who goes on speaking; the empty state.
function settle() {
  let before = null;
  let day = null;
  for (const item of list.children) {
    const message = views.get(item.id.slice(2))?.message;
    if (!message) {
      before = null;
      continue;
    }
    const isNewDay = dayOf(message) !== day;
    day = dayOf(message);
    if (isNewDay) item.dataset.day = day;
    else delete item.dataset.day;
    item.classList.toggle("grouped", !isNewDay && before !== null && goesOn(before, message));
    hideQuote(views.get(message.id), before !== null && before.id === message.reply_to);
    before = message;
  }
  $("#empty").hidden = list.children.length > 0;
}

function goesOn(before, message) {
  return before.author?.id === message.author?.id
    && !message.reply_to && new Date(message.sent_at) - new Date(before.sent_at) < GROUP_MS;
}

function dayOf(message) {
  const day = new Date(message.sent_at);
  const today = new Date();
  if (day.toDateString() === today.toDateString()) return "Today";
  return day.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
}

const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 90;

// One message at a time is on the way of the Tab key, with its mark and its buttons.
function activate(item) {
  const old = list.querySelector('.message[tabindex="0"]');
  old?.setAttribute("tabindex", "-1");
  old?.querySelector(".mark")?.setAttribute("tabindex", "-1");
  item.setAttribute("tabindex", "0");
  item.querySelector(".mark")?.setAttribute("tabindex", "0");
  item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
}

// Arrow keys walk through the messages; Tab then reaches what one can do with the message.
log.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches(".message")) event.target.querySelector(".mark")?.click();
  const steps = { ArrowUp: -1, ArrowDown: 1 };
  if (!(event.key in steps) || event.target.closest("textarea")) return;
  const items = [...list.querySelectorAll(".message:not(.draft)")];
  if (!items.length) return;
  const current = items.indexOf(event.target.closest(".message"));
  const next = current < 0 ? items.length - 1 : Math.max(0, Math.min(items.length - 1, current + steps[event.key]));
  event.preventDefault();
  activate(items[next]);
});
let wasAtEnd = true;
new ResizeObserver(() => { if (wasAtEnd) toEnd(); }).observe(log);
log.addEventListener("scroll", () => {
  wasAtEnd = isAtEnd();
  $("#newest").hidden = log.scrollHeight - log.scrollTop - log.clientHeight < 400;
});
$("#newest").addEventListener("click", toEnd);
