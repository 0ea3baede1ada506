// How Earshot listens in this room: the dial, the mode, the persona, the limits.

import * as api from "./api.js";
import { $, el } from "./dom.js";
import { markText, meter } from "./mark.js";

const dial = $("#eagerness");
const persona = $("#persona");
const share = $("#share");
const cooldown = $("#cooldown");
const error = $("#settings-error");
const MODES = { active: "listening", mention: "answers when addressed", listen: "reads only", off: "off" };
let room = "";
let saved = null;
let preview = 0;

export function load(nextRoom, settings) {
  const isTyping = room === nextRoom && persona.value !== (saved?.persona ?? "");
  room = nextRoom;
  saved = settings;
  dial.value = settings.eagerness;
  $("#eagerness-value").textContent = settings.eagerness;
  explain(settings);
  document.querySelector(`#modes input[value="${settings.mode}"]`).checked = true;
  showLimits(settings);
  if (!isTyping) persona.value = settings.persona;
  $("#persona-save").hidden = persona.value === settings.persona;
  const quiet = settings.quiet_until && new Date(settings.quiet_until) > new Date()
    ? ` · quiet until ${new Date(settings.quiet_until).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}` : "";
  const eagerness = settings.mode === "active" ? ` · eagerness ${settings.eagerness}` : "";
  $("#room-summary").textContent = `Earshot: ${MODES[settings.mode]}${eagerness}${quiet}`;
}

function explain({ meaning, threshold }) {
  const at = typeof threshold === "number" && !meaning.includes("P(speak)") ? ` Threshold ${threshold.toFixed(2)}.` : "";
  $("#eagerness-meaning").textContent = `${meaning}${at}`;
}

function showLimits(settings) {
  choose(share, settings.max_share_of_voice ?? "", (value) => `${Math.round(value * 100)} %`);
  choose(cooldown, settings.cooldown_s, (value) => `${Math.round(value)} s`);
  const set = [share, cooldown].filter((select) => select.value !== select.options[0].value);
  $("#limits-summary").textContent = set.map((select) => select.selectedOptions[0].textContent).join(" · ");
}

// A value that the list lacks was set elsewhere: it gets a place of its own.
function choose(select, value, words) {
  if (![...select.options].some((option) => option.value === String(value)))
    select.append(el("option", { value: String(value) }, words(value)));
  select.value = String(value);
}

async function change(changes) {
  error.textContent = "";
  try {
    load(room, await api.change(room, changes));
  } catch (failure) {
    error.textContent = `Not changed: ${failure.message}`;
    load(room, saved);
  }
}

dial.addEventListener("input", () => {
  $("#eagerness-value").textContent = dial.value;
  clearTimeout(preview);
  preview = setTimeout(async () => {
    const asked = dial.value;
    const answer = await api.meaning(asked).catch(() => null);
    if (answer && asked === dial.value) explain(answer);
  }, 80);
});
dial.addEventListener("change", () => {
  clearTimeout(preview);
  change({ eagerness: Number(dial.value) });
});
$("#modes").addEventListener("change", (event) => change({ mode: event.target.value }));
share.addEventListener("change", () => change({ max_share_of_voice: share.value === "" ? null : Number(share.value) }));
cooldown.addEventListener("change", () => change({ cooldown_s: Number(cooldown.value) }));
persona.addEventListener("input", () => { $("#persona-save").hidden = persona.value === saved.persona; });
$("#persona-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = persona.value;
  await change({ persona: text });
  if (!error.textContent) $("#persona-save").hidden = true;
});

const EXAMPLES = [
  [0.12, 0.5, "silent", "P(speak) is under the threshold, the tick: it stayed silent"],
  [0.81, 0.5, "speak", "P(speak) reaches the tick: it spoke up"],
];
$("#legend").append(...EXAMPLES.map(([p, threshold, state, words]) =>
  el("div", { class: state }, el("dt", {}, meter(p, threshold)), el("dd", {}, words))));
$("#legend").append(el("div", {}, el("dt", { class: "fine" }, "“next”"),
  el("dd", {}, `Several messages in a row are one decision: “${markText({ state: "next" })}”`)));
