// The message box. What was typed is never lost: what does not arrive goes back into the box.

import * as api from "./api.js";
import * as completion from "./completion.js";
import { $, newId } from "./dom.js";
import * as log from "./log.js";
import { brief } from "./message.js";
import * as speakers from "./speakers.js";

const box = $("#text");
const error = $("#composer-error");
// A keyboard on the screen has no Shift+Enter: there Enter starts a line, and the button sends.
const onTouchScreen = matchMedia("(hover: none) and (pointer: coarse)");
let room = "";
let replyTo = null;
let queue = []; // on the way, oldest first
let isSending = false;
let failed = null; // so that a retry has the same id, and arrives once

export function load(nextRoom) {
  if (room === nextRoom) return;
  const isFirst = room === "";
  room = nextRoom;
  const kept = sessionStorage.getItem(`earshot.text.${room}`) ?? "";
  if (!isFirst || !(box.value || queue.length)) box.value = kept; // or someone has begun already
  error.textContent = "";
  cancelReply();
  changed();
  deliver();
}

export function reply(message) {
  replyTo = message;
  $("#reply-bar").hidden = false;
  $("#reply-text").textContent = `Replying to ${brief(message)}`;
  box.focus();
}

function cancelReply() {
  replyTo = null;
  $("#reply-bar").hidden = true;
}

function send() {
  const text = box.value;
  error.textContent = "";
  completion.close();
  if (!text.trim()) {
    error.textContent = "There is nothing to send yet: write something first.";
    return;
  }
  const isRetry = failed?.text === text && failed.name === speakers.chosen() && failed.replyTo === replyTo;
  queue.push({ id: isRetry ? failed.id : newId(), room, name: speakers.chosen(), text, replyTo });
  failed = null;
  box.value = "";
  cancelReply();
  changed();
  deliver();
}

// Sends what waits, one after the other; nothing is sent before there is a room.
async function deliver() {
  if (isSending || !room) return;
  isSending = true;
  while (queue.length) {
    try {
      await arrive(queue[0]);
      queue.shift();
    } catch (failure) {
      putBack(failure);
    }
  }
  isSending = false;
  keep();
}

async function arrive({ id, name, text, replyTo: original, room: its }) {
  const where = its || room;
  const line = completion.commandIn(text);
  if (line === null) {
    const said = await api.say(where, { id, name, text, reply_to: original?.id ?? null });
    if (where !== room) return;
    log.add(said);
    log.toEnd();
  } else {
    const answer = await api.command(where, { id, name, text: line });
    if (answer.ephemeral && answer.text) {
      log.note(answer.text, "Only you can see this", { isTable: answer.fixed_width });
    }
  }
}

function putBack(failure) {
  [failed] = queue;
  box.value = [...queue.map((message) => message.text), box.value].filter(Boolean).join("\n");
  queue = [];
  if (failed.replyTo && !replyTo) reply(failed.replyTo);
  changed();
  error.textContent = `Not sent: ${failure.message} Your text is still here.`;
}

function keep() {
  const texts = [...queue.map((message) => message.text), box.value];
  sessionStorage.setItem(`earshot.text.${room}`, texts.filter(Boolean).join("\n"));
}

function changed() {
  keep();
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
  completion.refresh();
}

box.addEventListener("input", () => {
  error.textContent = "";
  changed();
});
box.addEventListener("blur", completion.close);
box.addEventListener("keydown", (event) => {
  if (event.isComposing || completion.key(event)) return;
  if (event.key === "Enter" && !event.shiftKey && !onTouchScreen.matches) {
    event.preventDefault();
    send();
  } else if (event.key === "Escape" && replyTo) cancelReply();
  else if (event.key === "ArrowUp" && !box.value) {
    const own = log.lastOwn();
    if (own) {
      event.preventDefault();
      own.item.dispatchEvent(new CustomEvent("edit", { detail: own }));
    }
  }
});
$("#composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
$("#reply-cancel").addEventListener("click", () => {
  cancelReply();
  box.focus();
});
addEventListener("keydown", (event) => {
  const digit = /^Digit([1-9])$/.exec(event.code);
  if (!event.altKey || !digit) return;
  event.preventDefault();
  speakers.chooseNth(Number(digit[1]) - 1);
});
addEventListener("speaker", () => { box.placeholder = `Write as ${speakers.chosen()}`; });
