// Lists: rows are selected together, walked through by keyboard, and changed where they are shown; the board's cards are
// dragged. Without this, the same links lead to the item's page and the same forms are sent.
const {all, whenShown, say} = afterword;

// Selecting
const boxes = () => [...document.querySelectorAll("[data-row] input[type=checkbox][form=bulk]")];
let chosenBefore = 0;
const count = () => {
  const chosen = boxes().filter((one) => one.checked).length;
  const details = document.getElementById("bulk-details");
  const shown = document.querySelector("[data-bulk-count]");
  if (shown) shown.textContent = chosen ? `(${chosen})` : "";
  if (details && chosen && !chosenBefore) details.open = true;
  chosenBefore = chosen;
};
document.addEventListener("change", ({target}) => {
  if (target.matches("[data-selects-all]")) for (const one of boxes()) one.checked = target.checked;
  if (target.matches("[data-selects-all], [form=bulk]")) count();
  if (target.matches("[data-status]")) justify(target.form);
});

// A justification is asked for where it is needed
const justify = (form) => {
  const status = form?.querySelector("select[data-status][name=status]");
  const box = form?.querySelector("[data-justification]");
  if (!status || !box) return;
  box.hidden = status.value !== "WONT_DO";
  box.querySelector("input").required = !box.hidden;
};
whenShown((root) => {
  for (const one of all(root, "form:has([data-justification])")) justify(one);
});

// Changing one field of an item
const dialog = () => document.getElementById("quick-change");
let opener = null;
const close = () => {
  dialog()?.close();
  const again = opener && document.querySelector(`[data-item="${opener.item}"] [data-quick=${opener.field}]`);
  again?.focus();
  opener = null;
};
const ask = (link, chosen = null) => {
  const {quick: field, value = ""} = link.dataset;
  const row = link.closest("[data-item]");
  const {item} = row.dataset;
  opener = {field, item};
  dialog().close();
  for (const form of dialog().querySelectorAll("form")) {
    form.hidden = form.dataset.field !== field;
    if (form.hidden) continue;
    form.setAttribute("action", `/action-items/${item}`);
    form.reset();
    const main = form.querySelector("input:not([type=hidden]), select");
    if (chosen ?? value) main.value = chosen ?? value;
    justify(form);
    dialog().show();
    const spot = chosen ? form.querySelector("[data-justification]:not([hidden]) input") : null;
    (spot ?? main).focus();
  }
  dialog().querySelector("[data-quick-title]").textContent = row.querySelector("[data-opens]").textContent;
};
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-quick]");
  if (link && dialog() && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    ask(link);
  }
  if (event.target.closest("[data-closes]")) close();
  const takes = event.target.closest("[data-assigns]");
  if (takes) {
    takes.form.elements.owner.value = takes.dataset.assigns;
    takes.form.requestSubmit();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && dialog()?.open) close();
});
// htmx has read the form's address before the item was known
document.addEventListener("htmx:configRequest", ({detail}) => {
  if (detail.elt.closest("#quick-change")) detail.path = detail.elt.getAttribute("action");
});
document.addEventListener("afterword:answered", ({detail: {from, isSaved}}) => {
  if (!from.closest("#quick-change") || !isSaved) return;
  setTimeout(() => {
    from.reset();
    close();
  });
});

// Sheets of the tools close like menus
document.addEventListener("click", ({target}) => {
  for (const one of document.querySelectorAll("details[data-sheet][open]")) if (!one.contains(target)) one.open = false;
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details[data-sheet][open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// The board
let dragged = null;
document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-board] [draggable=true]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.item);
  dragged.classList.add("is-dragged");
});
const columnAt = (event) => (dragged ? event.target.closest?.(".board__column") : null);
const unmark = () => document.querySelectorAll(".is-target").forEach((one) => one.classList.remove("is-target"));
document.addEventListener("dragover", (event) => {
  const column = columnAt(event);
  unmark();
  if (!column || column.contains(dragged)) return;
  event.preventDefault();
  column.classList.add("is-target");
});
document.addEventListener("dragend", () => {
  unmark();
  dragged?.classList.remove("is-dragged");
  dragged = null;
});
document.addEventListener("drop", (event) => {
  const column = columnAt(event);
  if (!column || column.contains(dragged)) return;
  event.preventDefault();
  const {status} = column.dataset;
  const link = dragged.querySelector("[data-quick=status]");
  if (status === "WONT_DO") {
    ask(link, status);
    return;
  }
  const form = dialog().querySelector("[data-field=status]");
  form.reset();
  form.setAttribute("action", `/action-items/${dragged.dataset.item}`);
  form.elements.status.value = status;
  justify(form);
  opener = {field: "status", item: dragged.dataset.item};
  column.querySelector(".board__list")?.prepend(dragged);
  form.requestSubmit();
});

// The keyboard
const rows = () => [...document.querySelectorAll("[data-row]")].filter((one) => one.checkVisibility());
const atHand = () => document.querySelector("[data-row].at-hand");
const go = (step) => {
  const list = rows();
  const next = list[Math.min(Math.max(list.indexOf(atHand()) + step, 0), list.length - 1)];
  if (!next) return;
  atHand()?.classList.remove("at-hand");
  next.classList.add("at-hand");
  next.querySelector("[data-opens]").focus();
};
const onRow = (run) => () => {
  const row = atHand() ?? document.activeElement?.closest("[data-row]");
  if (row) run(row);
};
const SHORTCUTS = [
  ["j", "Next row", () => go(1)],
  ["k", "Previous row", () => go(-1)],
  ["o", "Open the row", onRow((row) => row.querySelector("[data-opens]").click())],
  ["x", "Select the row", onRow((row) => row.querySelector("input[type=checkbox]")?.click())],
  ["e", "Change the row's status", onRow((row) => row.querySelector("[data-quick=status]")?.click())],
  ["d", "Mark the notification as done", onRow((row) => row.querySelector("[data-done]")?.click())],
  ["a", "Change the row's owner", onRow((row) => row.querySelector("[data-quick=owner]")?.click())],
  ["/", "Search this list", () => document.querySelector("[data-finds-here]")?.focus()],
];
for (const [keys, label, run] of SHORTCUTS) {
  afterword.shortcut(keys, label, run, {group: "Lists", when: () => document.querySelector("[data-row]")});
}
count();
