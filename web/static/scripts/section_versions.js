// Two versions of a text: where they differ, how they are shown side by side, and where the caret belongs in the other.
const element = (tag, className, text = "") => {
  const one = document.createElement(tag);
  one.className = className;
  one.textContent = text;
  return one;
};
const button = (label, run, className = "small") => {
  const one = element("button", className, label);
  one.type = "button";
  one.addEventListener("click", run);
  return one;
};
// Of two long texts, the lines around those that differ.
const excerpts = (mine, theirs) => {
  const texts = [mine.split("\n"), theirs.split("\n")];
  const length = Math.min(texts[0].length, texts[1].length);
  let first = 0;
  while (first < length && texts[0][first] === texts[1][first]) first += 1;
  let last = 0;
  while (last < length - first && texts[0].at(-1 - last) === texts[1].at(-1 - last)) last += 1;
  return texts.map((lines) => {
    const from = first > 6 ? first - 3 : 0;
    const to = last > 6 ? lines.length - last + 3 : lines.length;
    return [...(from ? ["…"] : []), ...lines.slice(from, to), ...(to < lines.length ? ["…"] : [])].join("\n");
  });
};

const sideBySide = (...titled) => {
  const sides = element("div", "section-editor__versions");
  const shortened = excerpts(...titled.map(([, text]) => text));
  titled.forEach(([title], place) => {
    const side = element("div", "");
    const shown = element("pre", "section-editor__version", shortened[place] || "(empty)");
    shown.tabIndex = 0;
    shown.setAttribute("role", "group");
    shown.setAttribute("aria-label", title);
    side.append(element("h3", "", title), shown);
    sides.append(side);
  });
  return sides;
};

// What of the old text is replaced, from `start` to `end` characters before its end, and where the caret is then: in the
// line that it was in.
const placeOf = (old, text, selection) => {
  const before = old.slice(0, selection);
  const row = before.split("\n").length - 1;
  const column = before.length - before.lastIndexOf("\n") - 1;
  const line = old.split("\n")[row];
  const lines = text.split("\n");
  let start = 0;
  while (start < old.length && start < text.length && old[start] === text[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, text.length) - start && old[old.length - 1 - end] === text[text.length - 1 - end]) end += 1;
  const places = lines.flatMap((one, place) => (one === line ? [place] : []));
  const there = places.sort((one, other) => Math.abs(one - row) - Math.abs(other - row))[0] ?? Math.min(row, lines.length - 1);
  const caret = lines.slice(0, there).join("\n").length + (there ? 1 : 0) + Math.min(column, lines[there].length);
  return {start, end, caret};
};

afterword.versions = {element, button, sideBySide, placeOf};
