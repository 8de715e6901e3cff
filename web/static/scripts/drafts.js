// Text that was typed and not saved is kept in this browser, for the person who typed it, until it is saved. So it
// outlives a session that ends, a page that can't be reached, and a browser that crashes.
const DRAFTS = "afterword.draft.";
const KEPT_FOR = 14 * 24 * 60 * 60 * 1000;
const person = document.body.dataset.person;
const failed = Number(document.body.dataset.status) >= 400;

const draftsOf = () => Object.keys(localStorage).filter((key) => key.startsWith(DRAFTS));
const read = (key) => {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
};

// A form that was sent, and led to a page that is no refusal, was saved. The sign-in page says nothing about it.
for (const key of draftsOf()) {
  const draft = read(key);
  const old = !draft || Date.now() - draft.at > KEPT_FOR;
  if (old || (draft.sent && person === draft.person && !failed)) localStorage.removeItem(key);
  else if (draft.sent) localStorage.setItem(key, JSON.stringify({...draft, sent: false}));
}

// What an editor of its own keeps, under the address that it saves to.
afterword.drafts = {
  keep: (address, values) => {
    try {
      localStorage.setItem(DRAFTS + address, JSON.stringify({person, at: Date.now(), sent: false, values}));
    } catch {
      // there is no room: the text is still in its field
    }
  },
  read: (address) => {
    const draft = read(DRAFTS + address);
    return draft && draft.person === person ? {...draft.values, at: draft.at} : null;
  },
  drop: (address) => localStorage.removeItem(DRAFTS + address),
};

const isText = (field) =>
  field.name && !field.readOnly && (field instanceof HTMLTextAreaElement || ["text", "search"].includes(field.type));
const isKept = (field) => isText(field) || (field.type === "hidden" && field.name.startsWith("base."));
const inputsOf = (form) => [...form.elements].filter(isKept);

afterword.whenShown((root) => person && afterword.all(root, "main form[method=post]:not([data-editing])").forEach(keepDraft));

function keepDraft(form) {
  const texts = inputsOf(form).filter(isText);
  if (!texts.length) return;
  const shape = [form.dataset.draft ?? [], ...texts.map((one) => one.id || one.name)].flat().join();
  const key = `${DRAFTS}${form.getAttribute("action")}#${shape}`;
  const keep = (sent) => {
    const values = Object.fromEntries(inputsOf(form).map((one) => [one.name, one.value]));
    try {
      localStorage.setItem(key, JSON.stringify({person, at: Date.now(), sent, values}));
    } catch {
      // there is no room: the page still works as it did
    }
  };
  let touched = false;
  form.addEventListener("input", () => {
    touched = true;
    keep(false);
  });
  form.addEventListener("submit", () => {
    if (touched || localStorage.getItem(key)) keep(true);
  });

  form.addEventListener("afterword:answered", ({detail: {isSaved}}) => {
    if (isSaved) localStorage.removeItem(key);
    else if (localStorage.getItem(key)) keep(false);
  });

  // Someone typed before this script ran: what they typed is newer than any draft.
  if (texts.some((one) => one.value !== one.defaultValue)) {
    keep(false);
    return;
  }
  const draft = read(key);
  const matters = (one) => isText(one) || one.name === "base.rows";
  const differs = draft && inputsOf(form).some((one) => matters(one) && (draft.values[one.name] ?? one.value) !== one.value);
  if (!differs || draft.person !== person || failed) return;
  const shown = Object.fromEntries(inputsOf(form).map((one) => [one.name, one.value]));
  const fill = (values) => {
    form.dispatchEvent(new CustomEvent("restore", {detail: values})); // template_editor.js adds the rows first
    for (const one of inputsOf(form)) {
      if (!(one.name in values)) continue;
      one.value = values[one.name];
      if (isText(one)) one.dispatchEvent(new Event("input", {bubbles: true}));
    }
  };
  fill(draft.values);
  for (let one = form; one; one = one.parentElement) if (one instanceof HTMLDetailsElement) one.open = true;
  const note = document.createElement("p");
  note.className = "note";
  note.setAttribute("role", "note");
  note.textContent = "We restored text that you hadn't saved. ";
  const discard = document.createElement("button");
  discard.type = "button";
  discard.className = "small";
  discard.textContent = "Discard it";
  discard.addEventListener("click", () => {
    fill(shown);
    localStorage.removeItem(key);
    note.remove();
  });
  note.append(discard);
  form.prepend(note);
}

for (const form of document.querySelectorAll("form[action='/sign-out']")) {
  form.addEventListener("submit", () => draftsOf().forEach((key) => localStorage.removeItem(key)));
}
