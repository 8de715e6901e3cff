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
      form.requestSubmit(form.querySelector("[data-saves]"));
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

for (const menu of document.querySelectorAll("details.menu")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}

const open = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  for (let one = target; one; one = one.parentElement) {
    if (one instanceof HTMLDetailsElement) one.open = true;
  }
};
window.addEventListener("hashchange", open);
open();

// Words that somebody marks in a section may be commented on. A letter is what is neither a blank nor a task's box, as
// in domain/visible_text.py: the server finds the words again by how many letters stand before them.
const isLetter = (one) => !/[\s\u2610\u2611\x1c-\x1f\x85]/u.test(one);
const lettersOf = (text) => [...text].filter(isLetter).length;
const button = document.createElement("button");
button.type = "button";
button.className = "primary small comment-here";
button.textContent = "Comment on this";
let picked = null;

const marked = () => {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const inside = (node) => (node instanceof Element ? node : node.parentElement)?.closest(".prose[data-section]");
  const prose = inside(range.startContainer);
  const form = prose && document.querySelector(`#talk-${CSS.escape(prose.dataset.section)} form:has(.picked)`);
  if (!form || prose !== inside(range.endContainer) || !lettersOf(range.toString())) return null;
  const before = document.createRange();
  before.setStart(prose, 0);
  before.setEnd(range.startContainer, range.startOffset);
  return {form, range, quote: range.toString().trim(), from: lettersOf(before.toString())};
};

document.addEventListener("selectionchange", () => {
  picked = marked();
  button.remove();
  if (!picked) return;
  const box = picked.range.getBoundingClientRect();
  document.body.append(button);
  button.style.top = `${scrollY + box.bottom + 6}px`;
  button.style.left = `${Math.max(8, Math.min(scrollX + box.left, innerWidth - button.offsetWidth - 8))}px`;
});
button.addEventListener("pointerdown", (event) => event.preventDefault());
button.addEventListener("click", () => {
  const {form, quote, from} = picked;
  form.closest("details").open = true;
  form.querySelector(".picked").hidden = false;
  form.querySelector(".picked q").textContent = quote;
  form.elements.quote.value = quote;
  form.elements.from.value = from;
  getSelection().removeAllRanges();
  form.elements.body.focus();
});
for (const drop of document.querySelectorAll("[data-drops]")) {
  drop.addEventListener("click", () => {
    drop.closest(".picked").hidden = true;
    drop.form.elements.quote.value = "";
    drop.form.elements.body.focus();
  });
}

for (const mark of document.querySelectorAll("mark[data-thread]")) {
  mark.addEventListener("click", () => {
    const thread = document.querySelector(`[data-about="${CSS.escape(mark.dataset.thread)}"]`);
    if (!thread) return;
    thread.closest("details").open = true;
    thread.scrollIntoView({block: "center"});
    for (const one of document.querySelectorAll(".thread--lit")) one.classList.remove("thread--lit");
    thread.classList.add("thread--lit");
  });
}

for (const take of document.querySelectorAll("[data-takes]")) {
  take.hidden = false;
  take.addEventListener("click", () => {
    const area = document.getElementById(take.dataset.takes);
    area.value = take.closest("details").querySelector(".theirs").textContent;
    area.dispatchEvent(new Event("input", {bubbles: true}));
    area.focus();
  });
}

for (const waiting of document.querySelectorAll("[data-reloads]")) {
  setTimeout(() => location.reload(), 1000 * Number(waiting.dataset.reloads));
}

for (const copy of document.querySelectorAll("[data-copies]")) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    const field = document.getElementById(copy.dataset.copies);
    field.select();
    await navigator.clipboard?.writeText(field.value);
    copy.textContent = "Copied";
  });
}
