// Text fields that suggest what /find knows: people by name, handle, or e-mail. Without this file they take the same words,
// and the server finds the person. The pattern is that of ARIA 1.2: the focus stays in the field.
const PAUSE = 120; // ms without a key before we ask
let count = 0;

// What somebody types after the last comma, where a field takes several.
const wordsIn = (field) => (field.dataset.findsMany === undefined ? field.value : field.value.split(",").pop()).trim();

afterword.find = async (kind, words, signal) => {
  const answer = await fetch(`/find?${new URLSearchParams({kind, q: words.slice(0, 100)})}`, {signal, headers: {Accept: "application/json"}});
  if (!answer.ok || answer.redirected) throw new Error("not found out");
  return (await answer.json()).items;
};

afterword.whenShown((root) => afterword.all(root, "input[data-finds]").forEach(suggest));

function suggest(field) {
  if (field.getAttribute("role") === "combobox") return;
  const list = document.createElement("ul");
  list.id = `suggestions-${++count}`;
  list.className = "suggestions";
  list.popover = "manual";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  field.after(list);
  for (const [name, value] of Object.entries({role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id})) {
    field.setAttribute(name, value);
  }
  let items = [], active = -1, isChoosing = false, timer, asked;

  const place = () => {
    const box = field.getBoundingClientRect();
    const isAbove = box.bottom + list.offsetHeight > innerHeight && box.top > innerHeight - box.bottom;
    list.style.left = `${Math.max(8, Math.min(box.left, innerWidth - list.offsetWidth - 8))}px`;
    list.style.top = isAbove ? `${box.top - list.offsetHeight - 4}px` : `${box.bottom + 4}px`;
    list.style.minWidth = `${Math.min(box.width, innerWidth - 16)}px`;
  };
  const isOpen = () => field.getAttribute("aria-expanded") === "true";
  const close = () => {
    clearTimeout(timer);
    asked?.abort();
    if (!isOpen()) return;
    list.hidePopover();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    removeEventListener("scroll", place, true);
    removeEventListener("resize", place);
  };
  const activate = (nth) => {
    active = items.length ? (nth + items.length) % items.length : -1;
    [...list.children].forEach((one, at) => one.setAttribute("aria-selected", String(at === active)));
    if (active < 0) field.removeAttribute("aria-activedescendant");
    else {
      field.setAttribute("aria-activedescendant", list.children[active].id);
      list.children[active].scrollIntoView({block: "nearest"});
    }
  };
  const pickedAs = (item) => (item.kind === "person" ? `${item.label} (${item.hint})` : item.label);
  const names = (item, words) => [pickedAs(item), item.hint].some((one) => one.toLowerCase() === words.toLowerCase());
  const choose = (item) => {
    const picked = pickedAs(item);
    const before = field.dataset.findsMany === undefined ? "" : field.value.slice(0, field.value.lastIndexOf(",") + 1);
    field.value = before ? `${before} ${picked}, ` : field.dataset.findsMany === undefined ? picked : `${picked}, `;
    close();
    isChoosing = true;
    field.dispatchEvent(new Event("input", {bubbles: true})); // so that it is kept as typed text is
    isChoosing = false;
    field.dispatchEvent(new CustomEvent("afterword:found", {bubbles: true, detail: item}));
  };
  const draw = () => {
    list.replaceChildren(...items.map((item, nth) => {
      const one = document.createElement("li");
      one.id = `${list.id}-${nth}`;
      one.className = "suggestions__item";
      one.setAttribute("role", "option");
      one.append(item.label);
      const hint = document.createElement("span");
      hint.className = "quiet";
      hint.textContent = ` ${item.hint}`;
      one.append(hint);
      one.addEventListener("pointermove", () => active !== nth && activate(nth));
      one.addEventListener("click", () => choose(item));
      return one;
    }));
    if (!items.length) {
      const none = document.createElement("li");
      none.className = "suggestions__none quiet";
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.textContent = "No matches";
      list.append(none);
    }
    if (!isOpen()) {
      list.showPopover();
      field.setAttribute("aria-expanded", "true");
      addEventListener("scroll", place, true);
      addEventListener("resize", place);
    }
    place();
    activate(items.length ? 0 : -1);
  };
  const ask = async () => {
    asked?.abort();
    asked = new AbortController();
    const {signal} = asked;
    try {
      const words = wordsIn(field);
      items = await afterword.find(field.dataset.finds, words, signal);
      if (signal.aborted || document.activeElement !== field) return;
      if (items.length === 1 && names(items[0], words)) close(); // nothing to choose, and what is below can be reached
      else draw();
    } catch {
      if (!signal.aborted) close(); // the words are sent as they are
    }
  };

  field.addEventListener("input", () => {
    if (isChoosing || document.activeElement !== field) return;
    clearTimeout(timer);
    if (wordsIn(field)) timer = setTimeout(ask, PAUSE);
    else close();
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (isOpen()) activate(active + (event.key === "ArrowDown" ? 1 : -1));
      else ask();
    } else if (event.key === "Enter" && isOpen() && active >= 0) {
      event.preventDefault();
      choose(items[active]);
    } else if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") close();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  field.addEventListener("blur", close);
}
