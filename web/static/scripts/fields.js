// Comforts of fields, buttons, and menus.
document.addEventListener("change", ({target}) => {
  if (target.matches("select[data-submits]")) target.form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  const form = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s" && event.target.closest?.("form[data-guards]");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("[data-saves]"));
});

afterword.whenShown((root) => {
  for (const form of afterword.all(root, "form[data-guards]")) {
    let touched = false;
    form.addEventListener("input", () => { touched = true; });
    form.addEventListener("submit", () => { touched = false; });
    window.addEventListener("beforeunload", (event) => {
      if (touched && form.isConnected) event.preventDefault();
    });
  }

  for (const take of afterword.all(root, "[data-takes]")) {
    take.hidden = false;
    take.addEventListener("click", () => {
      const area = document.getElementById(take.dataset.takes);
      area.value = take.closest("details").querySelector(".theirs").textContent;
      area.dispatchEvent(new Event("input", {bubbles: true}));
      area.focus();
    });
  }

  for (const waiting of afterword.all(root, "[data-reloads]")) {
    setTimeout(() => location.reload(), 1000 * Number(waiting.dataset.reloads));
  }

  for (const copy of afterword.all(root, "[data-copies]")) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      const field = document.getElementById(copy.dataset.copies);
      field.select();
      await navigator.clipboard?.writeText(field.value);
      copy.textContent = "Copied";
    });
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document.addEventListener("focusout", (event) => {
  const menu = event.relatedTarget && event.target.closest?.("details.menu");
  if (menu && !menu.contains(event.relatedTarget)) menu.open = false;
});

// What an address leads to is unfolded.
const unfold = () => {
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  for (let one = target; one; one = one.parentElement) {
    if (one instanceof HTMLDetailsElement) one.open = true;
  }
};
window.addEventListener("hashchange", unfold);
unfold();
