// Completion of the slash commands while they are typed.

import { $, el } from "./dom.js";

const PREFIX = "/assistant";
const list = $("#completions");
const box = $("#text");
let commands = [];
let items = [];
let current = -1;

export const load = (loaded) => { commands = loaded; };
export const isOpen = () => !list.hidden;

// Gives what stands after `/assistant`, or null if the text is no command. `/why` is `/assistant why`.
export function commandIn(text) {
  const match = /^\s*\/(\S*)\s*([^]*)$/.exec(text);
  if (!match) return null;
  if (match[1].toLowerCase() === PREFIX.slice(1)) return match[2].trim();
  const isKnown = commands.some((command) => command.name === match[1].toLowerCase());
  return isKnown ? `${match[1]} ${match[2]}`.trim() : null;
}

// Gives the completions of a text, each with the text it makes and what it does.
export function completions(text) {
  if (!/^\/\S*(\s|$)/.test(text) || text.includes("\n")) return [];
  const isShort = !PREFIX.startsWith(text.split(/\s/)[0].toLowerCase());
  const typed = isShort ? text.slice(1) : text.slice(PREFIX.length).trimStart();
  const isPrefixPart = !isShort && text.length < PREFIX.length;
  return below(commands, isPrefixPart ? "" : typed, PREFIX);
}

function below(choices, typed, before) {
  const space = typed.search(/\s/);
  if (space < 0) {
    return choices.filter((choice) => choice.name.startsWith(typed.toLowerCase())).map((choice) => ({
      text: `${before} ${choice.name}${needsMore(choice) ? " " : ""}`,
      label: `${before} ${choice.name}`,
      usage: usage(choice),
      summary: choice.summary,
    }));
  }
  const choice = choices.find((one) => one.name === typed.slice(0, space).toLowerCase());
  if (!choice) return [];
  const words = (choice.arguments[0]?.choices ?? []).map((name) => ({ name, summary: "", arguments: [], subcommands: [] }));
  return below([...choice.subcommands, ...words], typed.slice(space).trimStart(), `${before} ${choice.name}`);
}

const needsMore = (choice) => choice.arguments.length > 0 || choice.subcommands.length > 0;

function usage(choice) {
  if (choice.subcommands.length) return " …";
  return choice.arguments.map(({ name, required }) => (required ? ` ${name}` : ` [${name}]`)).join("");
}

export function refresh() {
  items = completions(box.value);
  if (items.length === 1 && items[0].text.trim() === box.value.trim()) items = [];
  current = items.length ? 0 : -1;
  list.replaceChildren(...items.map((item, index) => {
    const option = el("li", { role: "option", id: `completion-${index}` }, el("code", {}, item.label + item.usage), el("span", {}, item.summary));
    option.addEventListener("mousedown", (event) => {
      event.preventDefault();
      take(index);
    });
    option.addEventListener("mousemove", () => {
      current = index;
      point();
    });
    return option;
  }));
  list.hidden = !items.length;
  point();
}

export function close() {
  items = [];
  list.hidden = true;
  box.removeAttribute("aria-activedescendant");
}

// Handles a key while the list is open; true if it was one for the list.
export function key(event) {
  if (list.hidden) return false;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    current = (current + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length;
    point();
  } else if (event.key === "Tab" && !event.shiftKey) take(current);
  else if (event.key === "Enter" && !event.shiftKey && !isComplete()) take(current);
  else if (event.key === "Escape") close();
  else return false;
  event.preventDefault();
  return true;
}

// "/assistant mode" can be sent as it stands: Enter then sends instead of completing.
function isComplete() {
  return items[current].label === box.value.trim();
}

function take(index) {
  box.value = items[index].text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
}

function point() {
  [...list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === current)));
  if (current < 0) return box.removeAttribute("aria-activedescendant");
  box.setAttribute("aria-activedescendant", `completion-${current}`);
  return list.children[current]?.scrollIntoView({ block: "nearest" });
}
