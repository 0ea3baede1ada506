// Who speaks next: one chip for every person the visitor plays.

import { $, avatar, el } from "./dom.js";

const FIRST = ["Ana", "Ben", "Chiara"];
const place = $("#speakers");
const input = $("#new-speaker-name");
let names = [];
let room = "";

export const chosen = () => place.querySelector("input:checked")?.value ?? names[0] ?? FIRST[0];

// Shows the people of a room: those who spoke there, those added here, or three to begin with.
export function load(nextRoom, spoken) {
  room = nextRoom;
  const known = JSON.parse(localStorage.getItem(`earshot.speakers.${room}`) ?? "[]");
  names = [...new Set([...known, ...spoken.map((author) => author.name).reverse()])];
  if (!names.length) names = [...FIRST];
  draw(localStorage.getItem(`earshot.speaker.${room}`) ?? names[0]);
}

// Adds someone, or finds the one of that name, and lets them speak.
export function choose(name) {
  const found = names.find((known) => known.toLowerCase() === name.toLowerCase());
  if (!found) names.push(name);
  draw(found ?? name);
}

// Puts the people of a sample in the place of the three to begin with.
export function cast(people) {
  names = [...new Set([...names.filter((name) => !FIRST.includes(name)), ...people])];
  draw(names[0]);
}

export function meet(name) {
  if (!names.some((known) => known.toLowerCase() === name.toLowerCase())) {
    names.push(name);
    draw(chosen());
  }
}

export function chooseNth(index) {
  if (names[index]) draw(names[index]);
}

function draw(current) {
  const shown = names.includes(current) ? current : names[0];
  place.querySelectorAll(".chip").forEach((chip) => chip.remove());
  place.append(...names.map((name) => chip(name, name === shown)));
  localStorage.setItem(`earshot.speaker.${room}`, shown);
  localStorage.setItem(`earshot.speakers.${room}`, JSON.stringify(names));
  place.querySelector("input:checked")?.closest(".chip").scrollIntoView?.({ block: "nearest", inline: "nearest" });
  place.dispatchEvent(new CustomEvent("speaker", { bubbles: true }));
}

function chip(name, isChosen) {
  const radio = el("input", { type: "radio", name: "speaker", value: name });
  radio.checked = isChosen;
  return el("label", { class: "chip" }, radio, el("span", {}, avatar(name), el("span", { dir: "auto" }, name)));
}

place.addEventListener("change", () => {
  localStorage.setItem(`earshot.speaker.${room}`, chosen());
  place.dispatchEvent(new CustomEvent("speaker", { bubbles: true }));
});

$("#add-speaker").addEventListener("click", () => {
  $("#new-speaker").hidden = false;
  input.focus();
});

function added(goOn) {
  const name = input.value.replace(/\s+/g, " ").trim();
  input.value = "";
  $("#new-speaker").hidden = true;
  if (name) choose(name);
  if (goOn) $("#text").focus();
}

input.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    added(true);
  } else if (event.key === "Escape") {
    input.value = "";
    added(false);
    $("#add-speaker").focus();
  }
});
input.addEventListener("blur", () => { if (!$("#new-speaker").hidden) added(false); });
