// The command palette (Ctrl-K): go to, create, assign, search, recent pages, and what this page offers. It knows the
// commands of <template id="commands"> and the buttons of the page, and asks /find for everything with a name.
const {person, status} = document.body.dataset;
const RECENT = "afterword.recent.";
const PAUSE = 120; // ms without a key before we ask
const grouped = (some) => some.reduce((all, one) => all.set(one.group, [...(all.get(one.group) ?? []), one]), new Map());
const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

// The pages that this person saw last, in this browser; erased when somebody signs out or somebody else signs in.
const recentKey = `${RECENT}${person}`;
const readRecent = () => {
  try {
    return JSON.parse(localStorage.getItem(recentKey)) ?? [];
  } catch {
    return [];
  }
};
const forgetRecent = (except) =>
  Object.keys(localStorage).filter((key) => key.startsWith(RECENT) && key !== except).forEach((key) => localStorage.removeItem(key));

if (person) {
  forgetRecent(recentKey);
  const here = {address: location.pathname, label: document.title.replace(/ · Afterword$/, "")};
  const lists = new Set([...document.getElementById("commands").content.querySelectorAll("a")].map((one) => one.getAttribute("href")));
  if (Number(status) < 400 && !lists.has(here.address)) {
    const kept = [here, ...readRecent().filter((one) => one.address !== here.address)].slice(0, 9);
    try {
      localStorage.setItem(recentKey, JSON.stringify(kept));
    } catch {
      // there is no room: then none are recent
    }
  }
  document.addEventListener("submit", ({target}) => target.matches("form[action='/sign-out']") && forgetRecent());
  start();
}

function start() {
  const dialog = document.createElement("dialog");
  dialog.className = "palette";
  dialog.setAttribute("aria-label", "Command palette");
  dialog.innerHTML = `
    <div class="palette__top"><span class="palette__step" hidden></span>
    <label class="unseen" for="palette-field">Search and commands</label><input class="palette__field" id="palette-field" role="combobox" aria-autocomplete="list" aria-expanded="true" aria-controls="palette-list" placeholder="Search or type a command" maxlength="100" autocomplete="off" spellcheck="false"></div>
    <div class="palette__list" id="palette-list" role="listbox" aria-label="Results"></div>
    <p class="palette__foot quiet"><span><kbd>↑</kbd> <kbd>↓</kbd> move</span> <span><kbd>Enter</kbd> choose</span> <span><kbd>Esc</kbd> close</span> <span class="palette__said" role="status"></span></p>`;
  document.body.append(dialog);
  const part = (name) => dialog.querySelector(`.palette__${name}`);
  const field = part("field"), list = part("list"), step = part("step"), said = part("said");
  let items = [], active = 0, asking = null, timer, asked;

  const go = (address) => () => location.assign(address);

  // Commands

  const templated = [...document.getElementById("commands").content.querySelectorAll("a")].map((link) => ({
    group: link.dataset.group, label: link.textContent, hint: link.dataset.keys ?? "", keys: link.dataset.keys, address: link.getAttribute("href"),
  })).map((one) => ({...one, run: go(one.address)}));
  for (const one of templated) if (one.keys) afterword.shortcut(one.keys, one.label, one.run, {group: one.group});

  const isThere = (element) => !element.disabled && !element.closest("[hidden], dialog, form[method=get], details:not([open]) > :not(summary)");
  const press = (element) => {
    for (let one = element; one; one = one.parentElement) if (one instanceof HTMLDetailsElement) one.open = true;
    if (element.matches("a, button, label")) element.click();
    const inside = element.matches("summary") && element.parentElement.querySelector("input:not([type=hidden]), select, textarea");
    (inside || element).focus();
    (inside || element).scrollIntoView({block: "nearest"});
  };
  // What the page offers first, by the words on its buttons; another place may name its command.
  const OFFERED = "[data-command], main a.button, main button.primary, main button.wide, main summary.button";
  const ofPage = () => {
    const named = new Map();
    for (const element of document.querySelectorAll(OFFERED)) {
      const label = (element.dataset.command ?? element.textContent).replace(/\s+/g, " ").trim();
      if (isThere(element) && label.length < 60 && !named.has(label)) named.set(label, element);
    }
    return [...named].slice(0, 12).map(([label, element]) => ({group: "On this page", label, hint: "", run: () => press(element)}));
  };
  const assignable = () => {
    const here = location.pathname.match(/^\/action-items\/([^/]+)$/) && document.querySelector("form [name=owner]");
    const own = here ? [{group: "Assign", label: "Assign this action item…", hint: "", stays: true, run: () => askPerson({address: location.pathname, label: document.querySelector("h1").textContent})}] : [];
    return [...own, {group: "Assign", label: "Assign an action item…", hint: "", stays: true, run: askItem}];
  };
  const others = [
    {group: "Help", label: "Show keyboard shortcuts", hint: "?", run: () => showShortcuts()},
  ];

  // What is shown

  const matches = (words, one) => words.every((word) => fold(` ${one.label}`).includes(` ${word}`));
  const commands = (typed) => {
    const words = fold(typed).split(/\s+/).filter(Boolean);
    const recent = readRecent().filter((one) => one.address !== location.pathname).map((one) => ({...one, group: "Recent", hint: "", run: go(one.address)}));
    const every = [...ofPage(), ...recent.slice(0, words.length ? 9 : 5), ...assignable(), ...templated, ...others];
    const some = words.length ? every.filter((one) => matches(words, one)) : every.filter((one) => one.group !== "Settings");
    return some;
  };
  const ICONS = {person: "Person", postmortem: "Postmortem", action_item: "Action item", incident: "Incident", service: "Service"};
  const found = (one) => ({group: "Found", label: one.label, hint: [ICONS[one.kind], one.hint].filter(Boolean).join(" · "), run: go(one.address), item: one});
  const search = (typed) => ({group: "Search", label: `Search all text for “${typed}”`, hint: "", run: go(`/search?${new URLSearchParams({q: typed})}`)});

  const activate = (nth) => {
    active = items.length ? (nth + items.length) % items.length : -1;
    const options = [...list.querySelectorAll("[role=option]")];
    options.forEach((one, at) => one.setAttribute("aria-selected", String(at === active)));
    if (active < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", options[active].id);
    options[active].scrollIntoView({block: "nearest"});
  };
  const draw = (some, words = "") => {
    const groups = grouped(some);
    items = [...groups.values()].flat();
    let nth = 0;
    list.replaceChildren(...[...groups].map(([name, members]) => {
      const group = document.createElement("div");
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", name);
      const title = document.createElement("div");
      title.className = "palette__group quiet";
      title.setAttribute("role", "presentation");
      title.textContent = name;
      group.append(title, ...members.map((one) => option(one, nth++)));
      return group;
    }));
    said.textContent = items.length ? words : "No matches";
    activate(0);
  };
  const option = (one, nth) => {
    const row = document.createElement("div");
    row.id = `palette-${nth}`;
    row.className = "palette__item";
    row.setAttribute("role", "option");
    const label = document.createElement("span");
    label.className = "palette__label";
    label.textContent = one.label;
    row.append(label);
    if (one.keys || one.hint) {
      const hint = document.createElement("span");
      hint.className = "palette__hint quiet";
      if (one.keys) hint.append(...afterword.keysOf(one.keys).map((key) => Object.assign(document.createElement("kbd"), {textContent: key})));
      else hint.textContent = one.hint;
      row.append(hint);
    }
    row.addEventListener("pointermove", () => active !== nth && activate(nth));
    row.addEventListener("click", () => choose(nth));
    return row;
  };
  const choose = (nth) => {
    const one = items[nth];
    if (!one) return;
    if (!one.stays) dialog.close();
    one.run();
  };

  // What is asked: first at once what we know, then what the server finds.

  const look = () => {
    clearTimeout(timer);
    asked?.abort();
    const typed = field.value.trim();
    const kept = asking ? [] : commands(typed);
    if (!asking && !typed) return draw(kept);
    if (!asking) draw([...kept, search(typed)]);
    timer = setTimeout(async () => {
      asked = new AbortController();
      const {signal} = asked;
      try {
        const isKept = (one) => kept.some(({address}) => address === one.address);
        const hits = (await afterword.find(asking?.kind ?? "all", typed, signal)).filter((one) => !isKept(one)).map(found);
        if (signal.aborted || !dialog.open) return;
        const step = asking;
        if (step) draw(hits.map((one) => ({...one, stays: true, run: () => step.take(one.item)})));
        else draw(typed.startsWith("#") ? [...hits, ...kept, search(typed)] : [...kept, ...hits, search(typed)]);
      } catch {
        if (!signal.aborted) said.textContent = "Afterword can't be reached. Commands still work.";
      }
    }, asking && !typed ? 0 : PAUSE);
  };
  const ask = (next) => {
    asking = next;
    step.hidden = !next;
    step.textContent = next?.title ?? "";
    field.placeholder = next?.placeholder ?? "Search or type a command";
    field.value = "";
    list.replaceChildren();
    items = [];
    field.focus();
    look();
  };
  const askItem = () => ask({
    kind: "action_items", title: "Assign", placeholder: "Which action item?", take: askPerson,
  });
  function askPerson(item) {
    ask({kind: "people", title: `Assign “${item.label}”`, placeholder: "To whom?", take: (who) => {
      dialog.close();
      assign(item, who);
    }});
  }

  // By the item's own form, so that its rules, its version, and its refusals are those of the page.
  const assign = async (item, who) => {
    const refused = (words) => afterword.say(words, {tone: "refusal", action: {label: "Open action item", run: go(item.address)}});
    const pageOf = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");
    try {
      const page = await pageOf(await fetch(item.address, {headers: {Accept: "text/html"}}));
      const owner = page.querySelector("form[action] [name=owner]");
      if (!owner) return refused("You can't change the owner of this action item.");
      owner.value = who.insert;
      const body = new URLSearchParams(new FormData(owner.form));
      const answer = await fetch(owner.form.getAttribute("action"), {method: "POST", body, headers: {Accept: "text/html"}});
      if (!answer.ok) {
        const said = (await pageOf(answer)).querySelector("main [role=alert]");
        return refused(said ? said.textContent.replace(/\s+/g, " ").trim() : "That didn't work. Open the action item to try again.");
      }
      if (location.pathname === item.address) return location.reload();
      afterword.say(`Assigned to ${who.label}.`, {action: {label: "Open action item", run: go(item.address)}});
    } catch {
      refused("Afterword can't be reached, so nothing was changed. Try again.");
    }
  };

  // Opening and closing

  const open = () => {
    if (dialog.open) return;
    dialog.showModal();
    ask(null);
  };
  afterword.shortcut("mod+k", "Open the command palette", () => (dialog.open ? dialog.close() : open()));
  const searchesHere = () => document.querySelector("[data-finds-here]") !== null; // a list has a "/" of its own
  afterword.shortcut("/", "Search everything", () => document.getElementById("find").focus(), {when: () => !searchesHere()});
  document.addEventListener("click", ({target}) => target.closest?.("[data-palette]") && open());
  for (const key of document.querySelectorAll("[data-palette] kbd")) key.textContent = afterword.keysOf("mod+k").join("");
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    clearTimeout(timer);
    asked?.abort();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  field.addEventListener("input", look);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const move = {ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8}[event.key];
    if (move) {
      event.preventDefault();
      activate(Math.abs(move) > 1 ? Math.max(0, Math.min(items.length - 1, active + move)) : active + move);
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(active);
    } else if (asking && (event.key === "Escape" || (event.key === "Backspace" && !field.value))) {
      event.preventDefault();
      ask(null);
    }
  });

  // The list of shortcuts

  const help = document.createElement("dialog");
  help.className = "shortcuts";
  help.setAttribute("aria-label", "Keyboard shortcuts");
  document.body.append(help);
  function showShortcuts() {
    if (help.open) return;
    const groups = grouped(afterword.shortcuts.list());
    help.innerHTML = `<div class="shortcuts__top"><h2>Keyboard shortcuts</h2><button type="button" class="small">Close</button></div><div class="shortcuts__groups"></div><label class="check"><input type="checkbox"> <span>Turn off shortcuts of single keys in this browser</span></label>`;
    help.querySelector(".shortcuts__groups").append(...[...groups].map(([name, members]) => {
      const section = document.createElement("section");
      const title = document.createElement("h3");
      title.textContent = name;
      const rows = document.createElement("dl");
      for (const one of members) {
        const keys = document.createElement("dt");
        keys.append(...afterword.keysOf(one.keys).map((key) => Object.assign(document.createElement("kbd"), {textContent: key})));
        const label = document.createElement("dd");
        label.textContent = one.label;
        rows.append(keys, label);
      }
      section.append(title, rows);
      return section;
    }));
    const off = help.querySelector("input");
    off.checked = afterword.shortcuts.isOff();
    off.addEventListener("change", () => afterword.shortcuts.switchOff(off.checked));
    help.querySelector("button").addEventListener("click", () => help.close());
    help.showModal();
  }
  help.addEventListener("click", (event) => event.target === help && help.close());
  afterword.shortcut("?", "Show keyboard shortcuts", showShortcuts);
}
