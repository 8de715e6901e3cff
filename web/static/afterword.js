// Comforts only: every page works without this file.
"use strict";

for (const field of document.querySelectorAll("select[data-submits]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}

for (const area of document.querySelectorAll("textarea[data-grows]")) {
  const fit = () => {
    area.rows = Math.min(30, Math.max(6, area.value.split("\n").length + 1));
  };
  area.addEventListener("input", fit);
  fit();
}

for (const form of document.querySelectorAll("form[data-guards]")) {
  let touched = false;
  form.addEventListener("input", () => { touched = true; });
  form.addEventListener("submit", () => { touched = false; });
  form.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      form.requestSubmit(form.querySelector("button.small"));
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (touched) event.preventDefault();
  });
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

const open = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  for (let one = target; one; one = one.parentElement) {
    if (one instanceof HTMLDetailsElement) one.open = true;
  }
};
window.addEventListener("hashchange", open);
open();
