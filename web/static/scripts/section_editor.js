// A section is written where it is shown: its editor opens in its place, and what is typed is saved by itself. Whatever
// can't be saved stays in the field and in this browser.
const IDLE = 1500;
const AT_LATEST = 10_000;
const RETRY = 4000;
const AGAIN = [429, 502, 503, 504];
const me = document.body.dataset.person;
const editors = new Map(); // by the name of the section

const partOf = (name) => document.querySelector(`section#${CSS.escape(name)}[data-writes]`);
const clock = (at) => new Date(at).toLocaleTimeString([], {hour: "numeric", minute: "2-digit"});
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
const isSignIn = (answer) => answer.status === 401 || new URL(answer.url).pathname === "/sign-in";
const signIn = {label: "Sign in", run: () => window.open("/sign-in", "_blank")};

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

// The token of forms belongs to a session: after another sign-in, the page has a new one.
const refreshToken = async () => {
  const answer = await fetch(location.href, {headers: {Accept: "text/html"}});
  if (isSignIn(answer)) return "signed-out";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = page.querySelector("input[name=csrf]")?.value;
  if (page.body.dataset.person !== me || !token) return "someone-else";
  for (const one of document.querySelectorAll("input[name=csrf]")) one.value = token;
  return "ok";
};

class Editor {
  constructor(part, form) {
    this.part = part;
    this.name = part.id;
    this.form = form;
    this.url = part.dataset.writes;
    this.area = form.querySelector("textarea");
    this.base = Number(form.dataset.base);
    this.opened = this.saved = this.area.value; // what the server has
    this.unanswered = null; // a text that was sent, and may have been saved
    this.editing = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    this.continues = "continues" in form.dataset;
    this.savesItself = "savesItself" in form.dataset;
    this.conflict = null;
    this.isSending = null;
    this.problem = "";
    this.savedAt = null;
    this.unsavedSince = null;
    this.state = form.querySelector(".section-editor__state");
    this.age = element("span", "section-editor__age quiet");
    this.age.setAttribute("aria-hidden", "true");
    this.state.after(this.age);
    this.listen();
  }

  get isSaved() {
    return this.area.value === this.saved && !this.conflict;
  }

  listen() {
    this.area.addEventListener("input", () => this.typed());
    this.area.addEventListener("blur", () => this.push());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.finish();
    });
    this.form.addEventListener("keydown", (event) => {
      const isControl = event.ctrlKey || event.metaKey;
      if (event.key === "Escape") this.close();
      else if (isControl && event.key === "Enter") this.finish();
      else if (isControl && event.key.toLowerCase() === "s") this.savesItself ? this.push(true) : this.apply();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.form.addEventListener("click", ({target}) => {
      const act = target.closest("[data-act]")?.dataset.act;
      if (act === "preview") this.togglePreview(target.closest("button"));
      if (act === "discard") this.discard();
      if (act === "drop-draft") this.discard(true);
    });
    this.part.addEventListener("afterword:outdated", (event) => {
      if (Number(event.detail.fresh.dataset.revision) <= this.base || this.isSending) event.stopPropagation(); // our own save
    });
    this.clock = setInterval(() => this.tick(), 1000);
  }

  typed() {
    this.keep();
    if (!this.problem && !this.isSaved) this.say("Unsaved changes");
    this.unsavedSince ??= Date.now();
    clearTimeout(this.timer);
    const wait = Math.max(0, Math.min(IDLE, this.unsavedSince + AT_LATEST - Date.now()));
    this.timer = setTimeout(() => this.push(), wait);
    if (this.isPreviewing) this.preview();
  }

  // In this browser, until the server has it.
  keep() {
    if (this.isSaved) return afterword.drafts.drop(this.url);
    const {base, continues, unanswered} = this;
    afterword.drafts.keep(this.url, {text: this.area.value, base, continues, unanswered});
  }

  // Takes up what this browser kept.
  restore({text, base, unanswered}) {
    afterword.insertText(this.area, 0, this.area.value.length, text);
    this.base = base;
    this.saved = null;
    this.unanswered = unanswered;
    this.typed();
  }

  say(text, problem = "") {
    this.problem = problem;
    this.state.classList.toggle("section-editor__state--problem", Boolean(problem));
    if (this.state.textContent !== text) this.state.textContent = text;
    this.tick();
  }

  tick() {
    if (!this.form.isConnected) {
      if (partOf(this.name)) this.moveTo(partOf(this.name));
      else this.push().then(() => this.forget());
      return;
    }
    const seconds = Math.round((Date.now() - this.savedAt) / 1000);
    const shows = this.savedAt && !this.problem && this.isSaved && seconds > 1;
    this.age.textContent = shows ? (seconds < 60 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`) : "";
  }

  // Saves what was typed, and what is typed while that is saved. Whether all of it is saved.
  async push(isAsked = false) {
    clearTimeout(this.timer);
    if (this.conflict) return false;
    while (this.isSending) await this.isSending;
    for (let turn = 0; turn < 4 && !this.isSaved; turn += 1) {
      this.isSending = this.send("autosave", this.unanswered ?? this.area.value);
      const isDone = await this.isSending;
      this.isSending = null;
      if (!isDone) return false;
      if (!isAsked && !this.isSaved) {
        this.typed();
        return false;
      }
    }
    if (isAsked && this.isSaved) this.say(this.saidSaved());
    return this.isSaved;
  }

  async send(door, text) {
    this.say("Saving…");
    this.unanswered = text;
    const fields = {csrf: this.form.elements.csrf.value, body: text, base: this.base, editing: this.editing};
    if (this.continues) fields.draft = "yes";
    const body = new URLSearchParams(fields);
    const isShort = body.toString().length < 60_000;
    let answer;
    try {
      answer = await fetch(`${this.url}/${door}`, {method: "POST", body, keepalive: isShort, headers: {Accept: "application/json"}});
    } catch {
      return this.failed(navigator.onLine ? "Not saved: Afterword can't be reached. Kept in this browser." : "Not saved: you're offline. Kept in this browser.");
    }
    if (isSignIn(answer)) return this.signedOut();
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return this.answered(text, said);
    if (answer.status === 412) return this.conflicted(said);
    if (said.code === "ForgedForm") return this.forged();
    if (answer.status >= 500 || AGAIN.includes(answer.status)) {
      return this.failed("Not saved: Afterword is busy. Kept in this browser.");
    }
    this.unanswered = null;
    return this.failed(`Not saved. ${said.detail ?? "Copy your text and reload the page."}`, false);
  }

  answered(text, said) {
    this.unanswered = null;
    this.hasRetried = false;
    this.base = said.base;
    this.saved = text;
    this.savedAt = Date.now();
    this.unsavedSince = null;
    this.continues = said.draft;
    if (said.draft && this.savesItself) this.savesItself = false; // it is in review now
    if (said.text !== undefined && this.area.value === text) {
      this.take(said.text);
      this.saved = said.text;
      this.base = said.textBase;
      this.wasMerged = true;
    }
    this.keep();
    this.say(this.saidSaved());
    this.wasMerged = false;
    return true;
  }

  saidSaved() {
    if (this.wasMerged) return "Saved, with changes by others.";
    return this.savesItself ? "Saved" : "Saved for you alone until you save it to the section";
  }

  failed(words, isRetried = true) {
    this.keep();
    this.say(words, "unsaved");
    if (isRetried) this.timer = setTimeout(() => this.push(), RETRY);
    return false;
  }

  signedOut() {
    if (this.problem !== "signed-out") {
      afterword.say("You were signed out. Your text is still here: sign in again, and it is saved.", {tone: "refusal", action: signIn});
    }
    this.keep();
    this.say("Not saved: you were signed out. Kept in this browser.", "signed-out");
    return false;
  }

  async forged() {
    const found = await refreshToken().catch(() => "offline");
    if (found === "ok" && !this.hasRetried) {
      this.hasRetried = true;
      return this.send("autosave", this.unanswered ?? this.area.value);
    }
    if (found === "signed-out") return this.signedOut();
    if (found === "someone-else") {
      return this.failed("Not saved: someone else is signed in to this browser. Sign in as yourself to save.", false);
    }
    return this.failed("Not saved. Kept in this browser.");
  }

  // Another text in the field, which can be undone; the caret stays in its line.
  take(text) {
    const {area} = this;
    const old = area.value;
    if (old === text) return;
    const before = old.slice(0, area.selectionStart);
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
    const {scrollTop} = area;
    const focused = document.activeElement;
    afterword.insertText(area, start, old.length - end, text.slice(start, text.length - end), caret);
    area.scrollTop = scrollTop;
    if (focused && focused !== area && focused !== document.body) focused.focus();
  }

  // Two texts of the same lines

  conflicted(said) {
    this.unanswered = null;
    this.conflict = said;
    this.keep();
    this.say("Not saved: someone else edited the same lines. Choose below.", "conflict");
    const box = this.form.querySelector(".section-editor__conflict");
    const who = said.by ?? "Someone else";
    const head = element("p", "section-editor__both");
    head.append(element("strong", "", `${who} edited the same lines${said.at ? ` at ${clock(said.at)}` : ""}.`), " Nothing is lost: choose what to keep.");
    const sides = element("div", "section-editor__versions");
    const [mine, theirs] = excerpts(this.area.value, said.text);
    for (const [title, text] of [["Your version", mine], [`${who}'s version (saved)`, theirs]]) {
      const side = element("div", "");
      const shown = element("pre", "theirs", text || "(empty)");
      shown.tabIndex = 0;
      shown.setAttribute("role", "group");
      shown.setAttribute("aria-label", title);
      side.append(element("h3", "", title), shown);
      sides.append(side);
    }
    const choices = element("div", "buttons");
    choices.append(
      button("Use my version", () => this.resolve()),
      button(`Use ${said.by ? `${who}'s` : "their"} version`, () => this.useTheirs()),
      button("Edit my version", () => this.editMine(sides, choices)),
    );
    box.replaceChildren(head, sides, choices);
    box.setAttribute("role", "alert");
    box.hidden = false;
    box.scrollIntoView({block: "nearest"});
    return false;
  }

  resolve() {
    this.base = this.conflict.base;
    this.settled();
    this.saved = null;
    this.continues = true;
    this.area.focus();
    return this.push(true);
  }

  useTheirs() {
    const {text, base} = this.conflict;
    this.settled();
    this.take(text);
    this.base = base;
    this.saved = text;
    this.continues = false;
    this.keep();
    this.post("discard");
    this.say("You kept their version. Undo brings yours back.");
    this.area.focus();
  }

  editMine(sides, choices) {
    sides.firstElementChild.remove(); // it is in the field
    choices.replaceChildren(button("Save my version", () => this.resolve()), button("Use their version", () => this.useTheirs()));
    this.area.focus();
  }

  settled() {
    const box = this.form.querySelector(".section-editor__conflict");
    box.hidden = true;
    box.removeAttribute("role");
    box.replaceChildren();
    this.conflict = null;
  }

  // Preview

  get isPreviewing() {
    return this.form.classList.contains("section-editor--previews");
  }

  togglePreview(tool) {
    const isOn = this.form.classList.toggle("section-editor--previews");
    tool.setAttribute("aria-pressed", String(isOn));
    this.form.querySelector(".section-editor__preview").hidden = !isOn;
    if (isOn) this.preview(0);
  }

  preview(wait = 400) {
    clearTimeout(this.previewing);
    this.previewing = setTimeout(async () => {
      const body = this.area.value;
      const answer = await this.post("preview", {body}, "text/html");
      if (!answer?.ok || isSignIn(answer)) return;
      const html = await answer.text(); // cleaned by the server
      const shown = this.form.querySelector(".section-editor__preview");
      shown.innerHTML = html;
      if (!body.trim()) shown.replaceChildren(element("p", "empty", "Nothing to preview yet"));
    }, wait);
  }

  post(door, fields = {}, accept = "application/json") {
    const body = new URLSearchParams({csrf: this.form.elements.csrf.value, ...fields});
    return fetch(`${this.url}/${door}`, {method: "POST", body, headers: {Accept: accept}}).catch(() => null);
  }

  // The end

  // Makes the text the section's. Whether that worked.
  async apply() {
    clearTimeout(this.timer);
    if (this.conflict) return false;
    while (this.isSending) await this.isSending;
    this.unanswered = null;
    this.isSending = this.send("save", this.area.value);
    const isDone = await this.isSending;
    this.isSending = null;
    if (isDone) {
      this.opened = this.saved;
      this.say("Saved to the section");
    }
    return isDone && this.isSaved;
  }

  async finish() {
    let isDone = this.savesItself ? await this.push(true) : await this.apply();
    if (isDone && this.continues) isDone = await this.apply(); // it went into review while they typed
    if (isDone) this.leave();
    else if (!this.conflict) this.stay();
  }

  async close() {
    if (!this.savesItself && !this.conflict && this.area.value === this.opened && this.continues) await this.post("discard");
    else if (!(await this.push(true))) return this.conflict ? this.area.focus() : this.stay();
    this.leave();
  }

  stay() {
    afterword.say(`${this.state.textContent} You can close the editor: your text is offered again.`, {
      tone: "refusal",
      action: {label: "Close the editor", run: () => this.leave()},
    });
  }

  async discard(isReopened = false) {
    const answer = await this.post("discard");
    if (!answer?.ok) return this.say("The text couldn't be discarded. Try again.", "unsaved");
    this.saved = this.area.value;
    this.conflict = null;
    afterword.drafts.drop(this.url);
    const {name} = this;
    await this.leave();
    if (isReopened) open(name);
  }

  // Something else drew its section anew.
  moveTo(part) {
    this.part = part;
    part.hidden = false;
    part.classList.add("card--writing");
    part.querySelector("h2").after(this.form);
  }

  forget() {
    clearInterval(this.clock);
    clearTimeout(this.timer);
    editors.delete(this.name);
  }

  async leave() {
    this.forget();
    this.form.remove();
    this.part.classList.remove("card--writing");
    document.dispatchEvent(new CustomEvent("afterword:writing", {detail: {section: this.name, isOpen: false}}));
    offer(this.part);
    await afterword.refresh(`#${CSS.escape(this.name)}, #optional-sections, #reviewers, #outline, .act[id]`);
    document.querySelector(`#${CSS.escape(this.name)} [data-edits]`)?.focus({preventScroll: true});
  }
}

const open = async (name, kept = null) => {
  const part = partOf(name);
  if (!part) return;
  if (editors.has(name)) return editors.get(name)?.area.focus();
  editors.set(name, null); // a second click waits for the first
  const answer = await fetch(`${part.dataset.writes}/editor`, {headers: {Accept: "text/html"}}).catch(() => null);
  if (!answer?.ok || isSignIn(answer)) {
    editors.delete(name);
    const why = !answer ? "Afterword can't be reached. Try again in a moment." : isSignIn(answer) ? "You were signed out. Sign in to edit." : "This section can't be edited right now. Reload the page.";
    return afterword.say(why, {tone: "refusal", action: answer && isSignIn(answer) ? signIn : null});
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const form = document.adoptNode(page.querySelector(".section-editor"));
  part.querySelector(".kept-note")?.remove();
  part.hidden = false;
  part.classList.add("card--writing");
  part.querySelector("h2").after(form);
  form.dispatchEvent(new CustomEvent("htmx:load", {bubbles: true, detail: {elt: form}}));
  const editor = new Editor(part, form);
  editors.set(name, editor);
  editor.area.focus();
  editor.area.setSelectionRange(editor.area.value.length, editor.area.value.length);
  const copy = kept ?? copyOf(part);
  if (copy && copy.text !== editor.area.value) {
    editor.restore(copy);
    const note = element("p", "note", `We restored your text from ${clock(copy.at)}, which wasn't saved. `);
    note.setAttribute("role", "note");
    note.append(button("Discard it", () => {
      editor.take(editor.opened);
      note.remove();
    }));
    editor.area.closest(".section-editor__sides").before(note);
  } else if (copy) afterword.drafts.drop(part.dataset.writes);
  form.scrollIntoView({block: "nearest"});
  document.dispatchEvent(new CustomEvent("afterword:writing", {detail: {section: name, isOpen: true}}));
};

// What this browser kept is offered again.
const copyOf = (part) => afterword.drafts.read(part.dataset.writes);
const offer = (part) => {
  const copy = me && !editors.has(part.id) && !part.querySelector(".kept-note") && copyOf(part);
  if (!copy) return;
  const note = element("div", "note kept-note");
  note.setAttribute("role", "note");
  note.append(element("p", "", `You have text from ${clock(copy.at)} that wasn't saved.`));
  const choices = element("div", "buttons");
  choices.append(
    button("Restore", () => open(part.id, copy)),
    button("Discard", () => {
      afterword.drafts.drop(part.dataset.writes);
      note.remove();
    }),
  );
  note.append(choices);
  part.hidden = false;
  part.querySelector("h2").after(note);
};
afterword.whenShown((root) => afterword.all(root, "section[data-writes]").forEach(offer));

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-edits]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !partOf(link.dataset.edits)) return;
  event.preventDefault();
  open(link.dataset.edits);
});

// `e` edits the section that is focused, or else the one that is on top of the window.
const nearest = () => {
  const parts = [...document.querySelectorAll("section[data-writes]:not([hidden])")];
  return document.activeElement?.closest("section[data-writes]") ?? parts.find((one) => one.getBoundingClientRect().bottom > 80);
};
afterword.shortcut("e", "Edit section", () => open(nearest().id), {when: () => Boolean(nearest()), group: "Postmortem"});

document.addEventListener("htmx:afterSwap", () => {
  for (const one of editors.values()) if (one && !one.form.isConnected) one.tick();
});

const pushAll = () => {
  for (const one of editors.values()) if (one && !one.isSaved) one.push();
};
document.addEventListener("visibilitychange", pushAll);
window.addEventListener("focus", pushAll);
window.addEventListener("online", pushAll);
window.addEventListener("pagehide", pushAll);
window.addEventListener("beforeunload", (event) => {
  for (const one of editors.values()) if (one && !one.isSaved && one.problem) event.preventDefault();
});
