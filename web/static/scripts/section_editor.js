// A section is written where it is shown: its editor opens in its place, and what is typed is saved by itself. Whatever
// can't be saved stays in the field and in this browser.
const IDLE = 1500;
const AT_LATEST = 10_000;
const RETRY = 4000;
const AGAIN = [429, 502, 503, 504];
const {session: {isSignIn, refreshToken, signIn}, versions} = afterword;
const {element, button} = versions;
const editors = new Map(); // by the name of the section
const sections = {editors}; // section_opening.js adds to it how one is opened, and how what this browser kept is offered

const partOf = (name) => document.querySelector(`section#${CSS.escape(name)}[data-writes]`);
const clock = (at) => new Date(at).toLocaleTimeString([], {hour: "numeric", minute: "2-digit"});

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
    const {start, end, caret} = versions.placeOf(old, text, area.selectionStart);
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
    const sides = versions.sideBySide(["Your version", this.area.value], [`${who}'s version (saved)`, said.text]);
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
    if (isReopened) sections.open(name);
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
    sections.offer(this.part);
    await afterword.refresh(`#${CSS.escape(this.name)}, #optional-sections, #reviewers, #outline, .act[id]`);
    document.querySelector(`#${CSS.escape(this.name)} [data-edits]`)?.focus({preventScroll: true});
  }
}
Object.assign(afterword, {sections: Object.assign(sections, {Editor, partOf, clock})});
