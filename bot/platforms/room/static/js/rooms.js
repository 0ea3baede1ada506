// Which rooms there are, and which one is open.

import * as api from "./api.js";
import { $, el } from "./dom.js";

const list = $("#room-list");
const input = $("#new-room-name");
const unread = new Set();
let names = [];
let current = "";
let open = () => {};

export const opened = () => current;
export const has = (name) => names.includes(name);

// `onopen` is called with the room to show.
export function load(loaded, onopen) {
  names = [...new Set([...names, ...loaded])].filter((name) => loaded.includes(name));
  open = onopen;
  if (!names.includes(current)) current = "";
  draw();
}

export function add(name) {
  if (!names.includes(name)) names.unshift(name);
  draw();
}

export function markUnread(name) {
  if (name === current || unread.has(name)) return;
  unread.add(name);
  draw();
}

export async function choose(name) {
  current = name;
  unread.delete(name);
  localStorage.setItem("earshot.room", name);
  add(name);
  await open(name);
  if (current !== name) return;
  $("#room-title").textContent = name;
  document.title = `${name} · Earshot`;
}

// Creates a room of that name, or of that name and a number if there is one already.
export async function createLike(title) {
  let name = title;
  for (let number = 2; names.includes(name); number += 1) name = `${title} ${number}`;
  await choose((await api.create(name)).name);
}

function draw() {
  list.replaceChildren(...names.map((name) => el("li", {}, el("button", {
    type: "button",
    "aria-current": name === current ? "page" : null,
    onclick: () => choose(name),
  }, el("span", { dir: "auto" }, name),
  unread.has(name) ? el("em", {}, el("span", { class: "hidden" }, "new messages")) : null))));
}

$("#new-room").addEventListener("submit", async (event) => {
  event.preventDefault();
  const error = $("#new-room-error");
  error.textContent = "";
  try {
    const { name } = await api.create(input.value);
    input.value = "";
    await choose(name);
    $("#text").focus();
  } catch (failure) {
    error.textContent = failure.message;
  }
});
