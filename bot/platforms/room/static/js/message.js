// One message as an element of the conversation.

import { assistantAvatar, avatar, el, icon } from "./dom.js";
import { markView } from "./mark.js";

const LONG_CHARS = 1400;
const START_CHARS = 560;
const LONG_LINES = 16;
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });

let me = { name: "Earshot" };
let mention = /$^/;

const authorName = (message) => (message.from_assistant ? me.name : message.author.name);

export const assistantName = () => me.name;

export function setAssistant(author) {
  me = author;
  const name = author.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  mention = new RegExp(`(?<![\\w.@])(@${name})(?![\\w-])`, "giu");
}

// Builds a message. `act` has reply, edit, remove and jump; `find` gives another message by id.
export function messageView(message, { act, find }) {
  const name = authorName(message);
  const text = el("div", { class: "text", dir: "auto" });
  const head = el("div", { class: "head" },
    el("b", { dir: "auto" }, name),
    el("time", { datetime: message.sent_at }, clock.format(new Date(message.sent_at))));
  const body = el("div", { class: "body" }, head);
  const classes = `message${message.from_assistant ? " assistant" : ""}`;
  const item = el("li", { class: classes, id: `m-${message.id}`, tabindex: "-1" },
    message.from_assistant ? assistantAvatar() : avatar(name), body);
  const mark = message.mark ? markView(message.mark) : null;
  const view = { item, body, text, head, message, mark, setText: (words) => fill(text, words) };
  if (message.reply_to) body.append(quote(message.reply_to, { act, find }));
  body.append(text, ...(mark ? [mark.view] : []));
  show(view);
  item.append(actions(view, act));
  return view;
}

// Brings the element up to date with `view.message`.
export function show(view) {
  const { message, item, text } = view;
  const isGone = message.deleted || message.hidden;
  item.classList.toggle("gone", isGone);
  if (message.deleted) text.textContent = "This message was deleted.";
  else if (message.hidden) text.textContent = "Not kept: this person has opted out.";
  else fill(text, message.text);
  view.head.querySelector(".edited")?.remove();
  if (message.edited && !isGone) view.head.append(el("span", { class: "edited" }, "edited"));
  if (view.mark) view.mark.view.hidden = isGone;
  item.querySelector(".actions")?.toggleAttribute("hidden", isGone);
}

function fill(place, words) {
  const lines = words.split("\n", LONG_LINES + 1);
  const isLong = words.length > LONG_CHARS || lines.length > LONG_LINES;
  if (!isLong) {
    place.replaceChildren(...withMentions(words));
    return;
  }
  const start = lines.slice(0, LONG_LINES).join("\n").slice(0, START_CHARS).replace(/[\ud800-\udbff]$/, "");
  const count = words.length.toLocaleString("en");
  const more = el("button", { type: "button", class: "more", "aria-expanded": "false" }, `Show all ${count} characters`);
  const shown = el("div", {}, ...withMentions(`${start} …`));
  more.addEventListener("click", () => {
    const isOpen = more.getAttribute("aria-expanded") === "true";
    shown.replaceChildren(...(isOpen ? withMentions(`${start} …`) : [words]));
    more.setAttribute("aria-expanded", String(!isOpen));
    more.textContent = isOpen ? `Show all ${count} characters` : "Show less";
  });
  place.replaceChildren(shown, more);
}

function withMentions(words) {
  return words.split(mention).map((part, index) => (index % 2 ? el("span", { class: "at" }, part) : part));
}

function quote(id, { act, find }) {
  const original = find(id);
  const words = original && !original.deleted && !original.hidden ? brief(original) : "an earlier message";
  return el("button", { type: "button", class: "quote", dir: "auto", onclick: () => act.jump(id) },
    el("span", { class: "hidden" }, "In reply to "), words);
}

// Hides what a reply quotes where it stands right above.
export function hideQuote(view, isHidden) {
  view.item.querySelector(".quote")?.toggleAttribute("hidden", isHidden);
}

export function brief(message) {
  return `${authorName(message)}: ${message.text.slice(0, 120).replace(/\s+/g, " ")}`;
}

function actions(view, act) {
  const button = (name, label, run) =>
    el("button", { type: "button", class: "icon small", "aria-label": label, title: label, onclick: run }, icon(name));
  const own = view.message.from_assistant ? [] : [
    button("edit", "Edit", () => act.edit(view)),
    button("delete", "Delete", () => act.remove(view)),
  ];
  const isGone = view.message.deleted || view.message.hidden;
  return el("div", { class: "actions", role: "group", "aria-label": "This message", hidden: isGone },
    button("reply", "Reply", () => act.reply(view.message)), ...own);
}
