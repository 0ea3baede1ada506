// The message box. What was typed is never lost: it leaves the box only once the room has it.

import * as api from "./api.js";
import * as completion from "./completion.js";
import { $, newId } from "./dom.js";
import * as log from "./log.js";
import { brief } from "./message.js";
import * as speakers from "./speakers.js";

const box = $("#text");
const error = $("#composer-error");
let room = "";
let replyTo = null;
let isSending = false;
let isEarly = false; // sent before the room was there
let last = null; // what failed to arrive, so that a retry has the same id

export function load(nextRoom) {
  if (room === nextRoom) return;
  const isFirst = room === "";
  room = nextRoom;
  const kept = sessionStorage.getItem(`earshot.text.${room}`) ?? "";
  if (!isFirst || !box.value) box.value = kept; // someone may have begun before the room was there
  error.textContent = "";
  cancelReply();
  changed();
  if (isEarly) send();
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

async function send() {
  const text = box.value;
  isEarly = !room;
  if (isSending || isEarly) return;
  error.textContent = "";
  completion.close();
  if (!text.trim()) {
    error.textContent = "There is nothing to send yet: write something first.";
    return;
  }
  isSending = true;
  try {
    await (completion.commandIn(text) === null ? say(text) : command(text));
    sent(text);
  } catch (failure) {
    error.textContent = `Not sent: ${failure.message} Your text is still here.`;
  } finally {
    isSending = false;
  }
}

async function say(text) {
  const message = { name: speakers.chosen(), text, reply_to: replyTo?.id ?? null };
  const same = last && ["name", "text", "reply_to"].every((field) => last[field] === message[field]);
  last = { ...message, id: same ? last.id : newId() };
  log.add(await api.say(room, last));
  last = null;
  log.toEnd();
}

async function command(text) {
  const line = { id: newId(), name: speakers.chosen(), text: completion.commandIn(text) };
  const answer = await api.command(room, line);
  if (answer.ephemeral && answer.text) {
    log.note(answer.text, "Only you can see this", { isTable: answer.fixed_width });
  }
}

function sent(text) {
  box.value = box.value.startsWith(text) ? box.value.slice(text.length) : box.value;
  cancelReply();
  changed();
}

function changed() {
  sessionStorage.setItem(`earshot.text.${room}`, box.value);
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
  if (event.key === "Enter" && !event.shiftKey) {
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
