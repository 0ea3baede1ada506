// Joins the parts: opens a room, and passes on what happens.

import * as api from "./api.js";
import * as completion from "./completion.js";
import * as composer from "./composer.js";
import { $ } from "./dom.js";
import * as drawers from "./drawers.js";
import * as editor from "./editor.js";
import * as log from "./log.js";
import { setAssistant } from "./message.js";
import * as player from "./player.js";
import * as rooms from "./rooms.js";
import * as settings from "./settings.js";
import * as speakers from "./speakers.js";

const PAGE = 200;
let limit = PAGE;
let shown = ""; // the room on the page
let lastState = "";

log.setActions({
  reply: composer.reply,
  edit: (view) => editor.edit(shown, view),
  remove: (view) => editor.remove(shown, view),
  jump: log.jump,
});

async function openRoom(name) {
  drawers.close("rooms");
  limit = PAGE;
  await fetchRoom(name);
  log.toEnd();
}

async function fetchRoom(name) {
  const room = await api.show(name, limit);
  if (rooms.opened() !== name) return;
  if (shown !== name) log.clear();
  const isOther = shown !== name;
  shown = name;
  log.replace(room.messages);
  settings.load(name, room.settings);
  if (isOther) speakers.load(name, room.speakers);
  composer.load(name);
  typing(room.is_typing);
  $("#earlier").hidden = !room.has_more;
}

function typing(on) {
  $("#typing span").hidden = !on;
}

function modelStatus({ state, detail, progress }) {
  const banner = $("#model-banner");
  const words = { failed: "The model failed", restarting: "The model is starting again" }[state] ?? "The model is loading";
  banner.hidden = state === "ready";
  banner.className = `banner ${state === "failed" ? "failed" : "working"}`;
  const text = detail ? `${words}: ${detail}` : `${words}.`;
  const [said, bar] = banner.children;
  if (said.textContent !== text) said.textContent = text;
  bar.hidden = progress === null;
  bar.value = progress ?? 0;
  if (lastState && lastState !== "ready" && state === "ready" && shown) fetchRoom(shown).catch(lost);
  lastState = state;
}

function lost(failure) {
  const banner = $("#connection-banner");
  banner.textContent = failure?.message ?? "The connection was lost. Trying again …";
  banner.className = "banner failed";
  banner.hidden = false;
}

// After every connection: what was missed is fetched.
async function connected() {
  try {
    const state = await api.state();
    setAssistant(state.me);
    $("#typing b").textContent = state.me.name;
    rooms.load(state.rooms, openRoom);
    modelStatus(state.status);
    const wanted = rooms.opened() || localStorage.getItem("earshot.room");
    const room = state.rooms.includes(wanted) ? wanted : state.rooms[0];
    if (room === shown) await fetchRoom(room);
    else await rooms.choose(room);
    $("#connection-banner").hidden = true;
  } catch (failure) {
    lost(failure);
  }
}

// Runs `handle` for what concerns the room on the page.
const here = (handle) => (event) => { if (event.room === shown) handle(event); };

api.listen({
  open: connected,
  lost,
  status: modelStatus,
  rooms: ({ name }) => rooms.add(name),
  settings: here((event) => settings.load(shown, event.settings)),
  message: ({ room, message }) => {
    if (room !== shown) return rooms.markUnread(room);
    if (!message.from_assistant) speakers.meet(message.author.name);
    return log.add(message);
  },
  edited: here(({ id, text }) => log.changed(id, { text, edited: true })),
  deleted: here(({ id }) => log.changed(id, { text: "", deleted: true })),
  decided: here(({ marks }) => Object.entries(marks).forEach(([id, mark]) => log.mark(id, mark))),
  typing: here(({ on }) => typing(on)),
  draft: here(({ id, text }) => log.draft(id, text)),
  withdrawn: here(({ id }) => log.withdraw(id)),
  notice: here(({ text }) => log.note(text, "Earshot")),
  refetch: () => connected(),
});

$("#messages").addEventListener("edit", (event) => editor.edit(shown, event.detail), true);
$("#earlier").addEventListener("click", async () => {
  limit += PAGE;
  const end = $("#log").scrollHeight - $("#log").scrollTop;
  await fetchRoom(shown).catch(lost);
  $("#log").scrollTop = $("#log").scrollHeight - end;
});
api.samples().then(player.load).catch(() => player.load([]));
api.commands().then(completion.load).catch(() => completion.load([]));
