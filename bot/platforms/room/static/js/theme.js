// Dark or light before the first paint: the visitor's choice, or else the system's.
(() => {
  const chosen = localStorage.getItem("earshot.theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
})();
