// "Let them talk": plays a bundled conversation line by line, at the pace of its decisions.

import * as api from "./api.js";
import { $, announce, el, icon, newId } from "./dom.js";
import * as log from "./log.js";
import * as rooms from "./rooms.js";
import * as speakers from "./speakers.js";

const button = $("#samples-button");
const menu = $("#samples-menu");
const MAX_WAIT_MS = 20000; // for a decision; a model that hangs must not stop the play
let samples = [];
let playing = null;

export function load(loaded) {
  samples = loaded;
  button.hidden = !samples.length;
  $("#empty-samples").hidden = !samples.length;
  $(".cards").replaceChildren(...samples.map((sample) => el("li", {}, el("button", { type: "button", onclick: () => start(sample) },
    el("b", {}, sample.title), icon("play"), el("span", {}, people(sample))))));
  menu.replaceChildren(...samples.map((sample) => el("li", { role: "none" }, el("button", {
    type: "button", role: "menuitem", tabindex: "-1", onclick: () => start(sample),
  }, sample.title, el("span", {}, `${sample.lines.length} lines`)))));
}

const people = (sample) => [...new Set(sample.lines.map((line) => line.name))].join(", ");

// Plays in the open room if nothing was said there, else in a new one.
async function start(sample) {
  closeMenu();
  stop();
  try {
    if (!log.isEmpty()) await rooms.createLike(sample.title);
  } catch (failure) {
    $("#composer-error").textContent = failure.message;
    return;
  }
  const play = { sample, room: rooms.opened(), isPaused: false, wake: () => {} };
  playing = play;
  speakers.cast(sample.lines.map((line) => line.name));
  draw(play, 0);
  $("#player-pause").focus();
  announce(`Playing ${sample.title}`);
  try {
    for (let index = 0; index < sample.lines.length && playing === play; index += 1) {
      await line(play, index);
    }
  } catch (failure) {
    $("#composer-error").textContent = `The conversation stopped: ${failure.message}`;
  }
  if (playing === play) stop();
}

async function line(play, index) {
  const { name, text } = play.sample.lines[index];
  draw(play, index);
  while (play.isPaused && playing === play) await new Promise((resolve) => { play.wake = resolve; });
  if (playing !== play) return;
  const message = { id: newId(), name, text };
  const said = await api.say(play.room, message);
  if (rooms.opened() === play.room) {
    log.add(said);
    speakers.meet(name);
  }
  await decided(play, message.id);
  const next = play.sample.lines[index + 1];
  if (next) await pause(play, Math.min(2600, 500 + 22 * next.text.length));
}

// Waits until a line was decided on and any reply to it is there.
async function decided(play, id) {
  const until = Date.now() + MAX_WAIT_MS;
  const isOpen = () => {
    if (rooms.opened() !== play.room) return false;
    const mark = log.markOf(id);
    return !mark || mark.state === "waiting" || (mark.state === "speak" && !$("#typing span").hidden);
  };
  await pause(play, 150);
  while (playing === play && isOpen() && Date.now() < until) await pause(play, 100);
}

function pause(play, ms) {
  return new Promise((resolve) => {
    play.wake = resolve;
    setTimeout(resolve, ms);
  });
}

export function stop() {
  const wake = playing?.wake;
  const hadFocus = $("#player").contains(document.activeElement);
  playing = null;
  $("#player").hidden = true;
  wake?.();
  if (hadFocus) $("#text").focus();
}

function draw(play, index) {
  const { title, lines } = play.sample;
  $("#player").hidden = false;
  $("#player-text").textContent = `${title} · ${index + 1} of ${lines.length}`;
  $("#player-progress").max = lines.length;
  $("#player-progress").value = index + 1;
  $("#player-pause").textContent = play.isPaused ? "Go on" : "Pause";
}

$("#player-pause").addEventListener("click", () => {
  if (!playing) return;
  playing.isPaused = !playing.isPaused;
  $("#player-pause").textContent = playing.isPaused ? "Go on" : "Pause";
  playing.wake();
});
$("#player-stop").addEventListener("click", stop);

function closeMenu() {
  menu.hidden = true;
  button.setAttribute("aria-expanded", "false");
}

button.addEventListener("click", () => {
  menu.hidden = !menu.hidden;
  button.setAttribute("aria-expanded", String(!menu.hidden));
  if (!menu.hidden) menu.querySelector("button")?.focus();
});
menu.addEventListener("keydown", (event) => {
  const buttons = [...menu.querySelectorAll("button")];
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key === "Escape") {
    closeMenu();
    button.focus();
  } else if (event.key in steps) {
    const next = buttons.indexOf(document.activeElement) + steps[event.key];
    buttons[(next + buttons.length) % buttons.length].focus();
  } else return;
  event.preventDefault();
});
document.addEventListener("pointerdown", (event) => {
  if (!menu.contains(event.target) && !button.contains(event.target)) closeMenu();
});
