// Comforts of text fields that hold Markdown: a toolbar, keys, menus for people, postmortems and blocks, and tables that
// are pasted. What is changed here can be undone like what was typed.
const COLUMNS = /\t/;
const BLOCKS = [
  ["Heading", "## "],
  ["Subheading", "### "],
  ["List", "- "],
  ["Numbered list", "1. "],
  ["Task list", "- [ ] "],
  ["Table", "| Column | Column |\n| --- | --- |\n|  |  |\n"],
  ["Step, Action, Result", "| Step | Action | Result |\n| --- | --- | --- |\n| 1 |  |  |\n| 2 |  |  |\n"],
  ["Quote", "> "],
  ["Code", "```\n\n```\n"],
  ["Divider", "---\n"],
];
const LISTED = /^(\s*)([-*+]|\d+[.)])( \[[ xX]\])? +/;

const insert = (area, start, end, text, from = start + text.length, to = from) => {
  area.focus();
  area.setSelectionRange(start, end);
  const isDone = start === end && !text ? true : document.execCommand(text ? "insertText" : "delete", false, text);
  if (!isDone) {
    area.setRangeText(text, start, end, "end");
    area.dispatchEvent(new Event("input", {bubbles: true}));
  }
  area.setSelectionRange(from, to);
};

const linesOf = (area) => {
  const start = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
  const found = area.value.indexOf("\n", Math.max(area.selectionEnd - (area.selectionEnd > area.selectionStart ? 1 : 0), start));
  const end = found < 0 ? area.value.length : found;
  return {start, end, lines: area.value.slice(start, end).split("\n")};
};

const wrap = (area, sign, word) => {
  const {selectionStart: start, selectionEnd: end, value} = area;
  const chosen = value.slice(start, end) || word;
  const isWrapped = value.slice(start - sign.length, start) === sign && value.slice(end, end + sign.length) === sign;
  if (isWrapped) insert(area, start - sign.length, end + sign.length, chosen, start - sign.length, start - sign.length + chosen.length);
  else insert(area, start, end, sign + chosen + sign, start + sign.length, start + sign.length + chosen.length);
};

const prefix = (area, of) => {
  const {start, end, lines} = linesOf(area);
  const isThere = lines.every((line, place) => line.startsWith(of(place)));
  const text = lines.map((line, place) => (isThere ? line.slice(of(place).length) : of(place) + line.replace(LISTED, "$1"))).join("\n");
  insert(area, start, end, text, lines.length > 1 ? start : start + text.length, start + text.length);
};

const block = (area, text, caret = text.length) => {
  const at = area.selectionEnd;
  const before = area.value.slice(0, at);
  const gap = !before || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  insert(area, at, at, gap + text, at + gap.length + caret);
};

const acts = {
  bold: (area) => wrap(area, "**", "bold text"),
  italic: (area) => wrap(area, "*", "italic text"),
  link: (area) => {
    const {selectionStart: start, selectionEnd: end, value} = area;
    const chosen = value.slice(start, end) || "text";
    insert(area, start, end, `[${chosen}](https://)`, start + chosen.length + 3, start + chosen.length + 11);
  },
  heading: (area) => prefix(area, () => "## "),
  list: (area) => prefix(area, () => "- "),
  numbers: (area) => prefix(area, (place) => `${place + 1}. `),
  tasks: (area) => prefix(area, () => "- [ ] "),
  quote: (area) => prefix(area, () => "> "),
  code: (area) => {
    const chosen = area.value.slice(area.selectionStart, area.selectionEnd);
    if (!chosen.includes("\n")) return wrap(area, "`", "code");
    insert(area, area.selectionStart, area.selectionEnd, `\`\`\`\n${chosen}\n\`\`\``);
  },
  table: (area) => block(area, "| Column | Column |\n| --- | --- |\n|  |  |\n", 2),
  image: (area) => {
    const picker = document.createElement("input");
    picker.type = "file";
    picker.multiple = true;
    picker.addEventListener("change", () => area.dispatchEvent(new CustomEvent("afterword:files", {detail: [...picker.files]})));
    picker.click();
  },
};

// The toolbar is one stop of the Tab key; the arrows move in it.
document.addEventListener("click", ({target}) => {
  const tool = target.closest?.("[role=toolbar] [data-act]");
  const area = tool && document.getElementById(tool.closest("[role=toolbar]").getAttribute("aria-controls"));
  if (area && acts[tool.dataset.act]) acts[tool.dataset.act](area);
});
document.addEventListener("pointerdown", (event) => {
  if (event.target.closest?.("[role=toolbar] [data-act], .completions")) event.preventDefault(); // the caret stays
});
document.addEventListener("keydown", (event) => {
  const bar = event.target.closest?.("[role=toolbar]");
  const step = {ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity}[event.key];
  if (!bar || !step) return;
  event.preventDefault();
  const tools = [...bar.querySelectorAll("button")];
  const place = Math.max(0, Math.min(tools.length - 1, tools.indexOf(event.target) + step));
  for (const one of tools) one.tabIndex = -1;
  tools[place].tabIndex = 0;
  tools[place].focus();
});

// Keys

const indent = (area, back) => {
  const {start, end, lines} = linesOf(area);
  if (lines.length < 2 && !LISTED.test(lines[0])) return false;
  const {selectionStart: from, selectionEnd: to} = area;
  const moved = lines.map((line) => (back ? line.replace(/^ {1,2}/, "") : `  ${line}`));
  const text = moved.join("\n");
  if (text === lines.join("\n")) return false;
  const first = moved[0].length - lines[0].length;
  insert(area, start, end, text, Math.max(start, from + first), to + text.length - (end - start));
  return true;
};

const breakLine = (area) => {
  if (area.selectionStart !== area.selectionEnd) return false;
  const {start, end, lines} = linesOf(area);
  const [whole, space, sign, box] = LISTED.exec(lines[0]) ?? [];
  if (!whole || area.selectionStart < start + whole.length) return false;
  if (whole.length === lines[0].length) {
    insert(area, start, end, "");
    return true;
  }
  const next = /\d/.test(sign) ? `${parseInt(sign, 10) + 1}${sign.slice(-1)}` : sign;
  insert(area, area.selectionStart, area.selectionStart, `\n${space}${next}${box ? " [ ]" : ""} `);
  return true;
};

document.addEventListener("keydown", (event) => {
  const area = event.target;
  if (!area.matches?.("textarea[data-markdown]") || event.isComposing || menuKey(event)) return;
  const key = event.key.toLowerCase();
  const act = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && {b: "bold", i: "italic", k: "link"}[key];
  if (act) {
    acts[act](area);
    event.stopPropagation(); // Ctrl-K is a link here
  } else if (event.key === "Tab" && !event.ctrlKey && !event.metaKey) {
    if (!indent(area, event.shiftKey)) return;
  } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    if (!breakLine(area)) return;
  } else return;
  event.preventDefault();
}, true);

// Pasted tables

const cell = (text) => text.replace(/\s+/g, " ").trim().replace(/\|/g, "\\|");
const tableOf = (rows) => {
  const width = Math.max(...rows.map((row) => row.length));
  const [head, ...rest] = rows.map((row) => `| ${Array.from({length: width}, (_, place) => cell(row[place] ?? "")).join(" | ")} |`);
  return [head, `|${" --- |".repeat(width)}`, ...rest, ""].join("\n");
};
const pasted = (data) => {
  const table = new DOMParser().parseFromString(data.getData("text/html"), "text/html").querySelector("table");
  const text = data.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n+$/, "");
  const rows = table
    ? [...table.rows].map((row) => [...row.cells].map((one) => one.textContent))
    : text.split("\n").map((line) => line.split("\t"));
  const isTable = rows.length > 0 && rows[0].length > 1 && (table !== null || (rows.length > 1 && rows.every((row) => row.length === rows[0].length)));
  return isTable && (table || COLUMNS.test(text)) ? rows : null;
};
document.addEventListener("paste", (event) => {
  const area = event.target;
  const rows = area.matches?.("textarea[data-markdown]") && pasted(event.clipboardData);
  if (!rows) return;
  event.preventDefault();
  event.stopPropagation();
  const start = area.selectionStart;
  if (area.selectionEnd > start) insert(area, start, area.selectionEnd, "");
  block(area, tableOf(rows));
}, true);

// Menus

let menu = null; // {area, list, items, place, start}

const closeMenu = () => {
  if (!menu) return;
  for (const name of ["aria-activedescendant", "aria-controls"]) menu.area.removeAttribute(name);
  menu.list.remove();
  menu = null;
};

const choose = (place) => {
  menu.place = (place + menu.items.length) % menu.items.length;
  [...menu.list.children].forEach((one, at) => one.setAttribute("aria-selected", String(at === menu.place)));
  const chosen = menu.list.children[menu.place];
  menu.area.setAttribute("aria-activedescendant", chosen.id);
  chosen.scrollIntoView({block: "nearest"});
};

const take = (place) => {
  const {area, items, start} = menu;
  const {insert: text, caret = items[place].insert.length} = items[place];
  closeMenu();
  insert(area, start, area.selectionStart, text, start + caret);
};

function menuKey(event) {
  if (!menu || menu.area !== event.target) return false;
  if (event.key === "Escape") {
    dismissed = wantedBy(menu.area)?.mark ?? "";
    closeMenu();
  } else if (event.key === "ArrowDown") choose(menu.place + 1);
  else if (event.key === "ArrowUp") choose(menu.place - 1);
  else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && !event.ctrlKey && !event.metaKey) take(menu.place);
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

// Where the caret is on the page: a copy of the field shows it.
const placeOf = (area) => {
  const copy = document.createElement("div");
  const style = getComputedStyle(area);
  for (const name of ["boxSizing", "width", "font", "lineHeight", "padding", "border", "letterSpacing", "tabSize"]) copy.style[name] = style[name];
  Object.assign(copy.style, {position: "absolute", visibility: "hidden", whiteSpace: "pre-wrap", overflowWrap: "break-word", top: "0", left: "0"});
  copy.textContent = area.value.slice(0, area.selectionStart);
  const mark = document.createElement("span");
  mark.textContent = "\u200b";
  copy.append(mark);
  document.body.append(copy);
  const box = area.getBoundingClientRect();
  const place = {
    top: scrollY + box.top + mark.offsetTop - area.scrollTop,
    height: mark.offsetHeight,
    left: scrollX + box.left + mark.offsetLeft,
  };
  copy.remove();
  return place;
};

const showMenu = (area, start, items, title) => {
  closeMenu();
  if (!items.length) return;
  const list = document.createElement("div");
  list.className = "completions";
  list.id = "completions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", title);
  items.forEach((item, place) => {
    const row = document.createElement("div");
    row.className = "completions__item";
    row.id = `completion-${place}`;
    row.setAttribute("role", "option");
    const label = document.createElement("span");
    label.textContent = item.label;
    row.append(label);
    if (item.hint) {
      const hint = document.createElement("span");
      hint.className = "quiet completions__hint";
      hint.textContent = item.hint;
      row.append(hint);
    }
    row.addEventListener("click", () => take(place));
    list.append(row);
  });
  document.querySelector("main").append(list);
  const {top, left, height} = placeOf(area);
  const isLow = top + height + list.offsetHeight > scrollY + innerHeight && top - list.offsetHeight > scrollY;
  list.style.top = `${isLow ? top - list.offsetHeight - 4 : top + height + 4}px`;
  list.style.left = `${Math.max(8, Math.min(left, scrollX + document.documentElement.clientWidth - list.offsetWidth - 8))}px`;
  menu = {area, list, items, place: 0, start};
  area.setAttribute("aria-controls", "completions");
  choose(0);
};

const KINDS = {"@": ["people"], "#": ["postmortems", "action_items"]};
const TITLES = {"@": "People", "#": "Postmortems and action items", "/": "Blocks"};
let dismissed = "";
let asking = null;

const wantedBy = (area) => {
  if (area.selectionStart !== area.selectionEnd) return null;
  const before = area.value.slice(Math.max(0, area.selectionStart - 60), area.selectionStart);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const found = /^\s*(\/)([\w ,-]{0,30})$/.exec(line) ?? /(?:^|[\s(])([@#])([\p{L}\p{N}._-]{0,40})$/u.exec(line);
  if (!found) return null;
  const [, sign, q] = found;
  return {sign, q, start: area.selectionStart - q.length - 1, mark: `${sign}${area.selectionStart - q.length}`};
};

document.addEventListener("input", async ({target: area}) => {
  if (!area.matches?.("textarea[data-markdown]")) return;
  asking?.abort();
  const wanted = wantedBy(area);
  if (!wanted || wanted.mark === dismissed || (wanted.sign === "#" && !wanted.q)) {
    if (wanted?.mark !== dismissed) dismissed = "";
    return closeMenu();
  }
  const {sign, q, start} = wanted;
  if (sign === "/") {
    const items = BLOCKS.filter(([label]) => label.toLowerCase().includes(q.toLowerCase())).map(([label, text]) => {
      const hole = text.startsWith("```") ? 4 : text.startsWith("|") ? text.indexOf("\n|  |") + 3 : text.length;
      return {label, insert: text, caret: text.includes("| 1 |") ? text.indexOf("| 1 |") + 6 : hole};
    });
    return showMenu(area, start, items, TITLES[sign]);
  }
  asking = new AbortController();
  const {signal} = asking;
  try {
    await new Promise((ready) => setTimeout(ready, 120));
    if (signal.aborted) return;
    const items = (await Promise.all(KINDS[sign].map((kind) => afterword.find(kind, q, signal)))).flat();
    if (!signal.aborted && document.activeElement === area) showMenu(area, start, items.slice(0, 8), TITLES[sign]);
  } catch {
    closeMenu(); // the text is typed as it is
  }
});
document.addEventListener("focusout", ({target}) => {
  if (menu?.area === target) closeMenu();
});

afterword.insertText = insert;
