// Keyboard shortcuts of the whole page: afterword.shortcut("g h", "Go to home", run). Keys are single ones, sequences with
// blanks between them, or "mod+k" (Ctrl, and Cmd on a Mac). They never fire while somebody types; those of one letter can
// be switched off, as people who speak to their computer need it (WCAG 2.1.4).
const OFF = "afterword.shortcuts.off";
const PAUSE = 1200; // ms in which the next key of a sequence is awaited
const known = [];
let pressed = [];
let last = 0;

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const isOff = () => localStorage.getItem(OFF) === "1";
const isTyping = (target) =>
  target instanceof Element && target.closest("input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]");
const isForUs = (one) => !one.when || one.when();

// The last one that is registered wins. `group` is its heading in the list of shortcuts; without a label it isn't listed.
afterword.shortcut = (keys, label, run, {when = null, group = "Everywhere"} = {}) => {
  known.unshift({keys, parts: keys.split(" "), label, run, when, group});
};

afterword.keysOf = (keys) =>
  keys.split(" ").map((one) => one.replace("mod+", isMac ? "⌘ " : "Ctrl ").replace(/\b[a-z]$/, (letter) => letter.toUpperCase()));

afterword.shortcuts = {
  isOff,
  switchOff: (off) => (off ? localStorage.setItem(OFF, "1") : localStorage.removeItem(OFF)),
  // What works here and now, each key once.
  list: () => [...new Map(known.filter((one) => one.label && isForUs(one)).reverse().map((one) => [one.keys, one])).values()],
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey || ["Shift", "Control", "Meta"].includes(event.key)) return;
  const isMod = isMac ? event.metaKey : event.ctrlKey;
  if (isMod !== (event.ctrlKey || event.metaKey)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!isMod && (isOff() || isTyping(event.target) || document.querySelector("dialog[open]"))) {
    pressed = [];
    return;
  }
  pressed = isMod ? [`mod+${key}`] : [...(event.timeStamp - last < PAUSE ? pressed : []), key];
  last = event.timeStamp;
  const usable = known.filter(isForUs);
  const begins = (one, keys) => keys.every((part, nth) => part === one.parts[nth]);
  while (pressed.length && !usable.some((one) => begins(one, pressed))) pressed.shift();
  const hit = usable.find((one) => one.parts.length === pressed.length && begins(one, pressed));
  if (!hit) return;
  pressed = [];
  event.preventDefault();
  hit.run(event);
});
