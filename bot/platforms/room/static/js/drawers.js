// The two side panels: columns where there is room, drawers where there is not. And the theme.

import { $ } from "./dom.js";

const NARROW = { rooms: matchMedia("(max-width: 760px)"), settings: matchMedia("(max-width: 1100px)") };
const opener = (name) => $(`[data-open="${name}"]`);

function fit(name) {
  $(`#${name}`).classList.toggle("drawer", NARROW[name].matches);
  close(name);
}

function open(name) {
  $(`#${name}`).classList.add("open");
  opener(name).setAttribute("aria-expanded", "true");
  $(".chat").inert = true;
  $(`[data-close="${name}"]`).focus();
}

export function close(name) {
  const panel = $(`#${name}`);
  const hadFocus = panel.contains(document.activeElement);
  const wasOpen = panel.classList.contains("open");
  panel.classList.remove("open");
  opener(name).setAttribute("aria-expanded", "false");
  $(".chat").inert = false;
  if (wasOpen && hadFocus) opener(name).focus();
}

for (const name of ["rooms", "settings"]) {
  opener(name).addEventListener("click", () => open(name));
  $(`[data-close="${name}"]`).addEventListener("click", () => close(name));
  NARROW[name].addEventListener("change", () => fit(name));
  fit(name);
}
const closeBoth = () => ["rooms", "settings"].forEach((name) => { if ($(`#${name}`).classList.contains("open")) close(name); });
$("#scrim").addEventListener("click", closeBoth);
addEventListener("keydown", (event) => { if (event.key === "Escape") closeBoth(); });

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
const label = () => { $("#theme-label").textContent = isDark() ? "Light colours" : "Dark colours"; };
$("#theme").addEventListener("click", () => {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("earshot.theme", next);
  label();
});
dark.addEventListener("change", label);
label();
