// Where a section's editor opens, and what this browser kept of a text is offered again.
const {sections, session: {isSignIn, signIn}, versions} = afterword;
const {editors, Editor, partOf, clock} = sections;
const {element, button} = versions;
const me = document.body.dataset.person;

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
Object.assign(sections, {open, offer});
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
