// Changing and deleting what a person said, in place.

import * as api from "./api.js";
import { $, announce, el } from "./dom.js";

// Opens a message for editing; `room` is where it was said.
export function edit(room, view) {
  if (view.item.querySelector(".editor")) return;
  const area = el("textarea", { "aria-label": "New text of the message", dir: "auto", rows: "2" });
  area.value = view.message.text;
  const error = el("p", { class: "error", role: "alert" });
  const close = () => {
    form.remove();
    view.text.hidden = false;
    view.item.focus();
  };
  const form = el("form", { class: "editor" }, area, el("div", {},
    el("button", { type: "submit", class: "solid" }, "Save"),
    el("button", { type: "button", class: "quiet", onclick: close }, "Cancel")), error);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      if (area.value !== view.message.text) await api.edit(room, view.message.id, area.value);
      close();
    } catch (failure) {
      error.textContent = `Not saved: ${failure.message}`;
    }
  });
  area.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  view.text.hidden = true;
  view.text.after(form);
  area.focus();
  form.scrollIntoView({ block: "nearest" });
}

// Asks once, in the message itself, and deletes.
export function remove(room, view) {
  if (view.item.querySelector(".editor")) return;
  const error = el("p", { class: "error", role: "alert" });
  const close = () => {
    form.remove();
    view.item.focus();
  };
  const yes = el("button", { type: "submit", class: "solid danger" }, "Delete");
  const form = el("form", { class: "editor", "aria-label": "Delete this message?" }, el("div", {},
    el("span", { class: "fine" }, "Delete this message?"), yes,
    el("button", { type: "button", class: "quiet", onclick: close }, "Keep")), error);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await api.remove(room, view.message.id);
      form.remove();
      announce("Message deleted");
      $("#text").focus();
    } catch (failure) {
      error.textContent = `Not deleted: ${failure.message}`;
    }
  });
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  view.text.after(form);
  yes.focus();
  form.scrollIntoView({ block: "nearest" });
}
