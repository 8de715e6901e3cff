// Who else has this postmortem open, and where they write. A page says that it is open every 20 seconds while somebody can
// see it, and that it closes.
const EVERY = 20_000;
const bar = document.querySelector("[data-presence]");

if (bar) {
  const address = `/postmortems/${bar.dataset.presence}/presence`;
  const page = crypto.getRandomValues(new Uint32Array(2)).reduce((text, one) => text + one.toString(36).padStart(7, "0"), "");
  let others = [];
  let writing = "";
  let timer = 0;

  const sectionOf = (field) =>
    field?.matches?.("textarea, [contenteditable]") && field.closest("[data-editing]")
      ? (field.closest("section[id]")?.id ?? "")
      : "";
  const namesOf = (people) => people.map((one) => one.name).join(", ");

  const show = () => {
    bar.hidden = !others.length;
    bar.replaceChildren();
    if (others.length) bar.append(Object.assign(document.createElement("span"), {className: "unseen", textContent: `Also here: ${namesOf(others)}`}));
    for (const {name} of others.slice(0, 5)) {
      const face = document.createElement("span");
      face.className = "face presence__face";
      face.title = `${name} is here`;
      face.setAttribute("aria-hidden", "true");
      face.textContent = name.split(/\s+/).slice(0, 2).map((one) => [...one][0]).join("").toUpperCase();
      bar.append(face);
    }
    if (others.length > 5) bar.append(Object.assign(document.createElement("span"), {className: "quiet", textContent: `+${others.length - 5}`}));
    for (const one of document.querySelectorAll(".presence__writing")) one.remove();
    for (const key of new Set(others.flatMap((one) => one.sections))) {
      const heading = document.querySelector(`section#${CSS.escape(key)} h2`);
      const people = others.filter((one) => one.sections.includes(key));
      const note = document.createElement("span");
      note.className = "presence__writing";
      note.textContent = `${namesOf(people)} ${people.length > 1 ? "are" : "is"} writing here`;
      heading?.append(note);
    }
  };

  const take = async (answer) => {
    if (!answer?.ok || answer.redirected) return;
    others = (await answer.json()).items;
    show();
  };
  const form = (more = {}) => {
    const csrf = document.querySelector("input[name=csrf]")?.value ?? "";
    return new URLSearchParams({csrf, page, ...(writing ? {section: writing} : {}), ...more});
  };
  const tell = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    timer = setTimeout(tell, EVERY);
    await take(await fetch(address, {method: "POST", body: form()}).catch(() => null));
  };
  const leave = () => {
    clearTimeout(timer);
    navigator.sendBeacon(address, form({gone: "1"}));
  };
  const move = () => {
    const now = sectionOf(document.activeElement);
    if (now === writing) return;
    writing = now;
    tell();
  };

  document.addEventListener("focusin", move);
  document.addEventListener("focusout", () => setTimeout(move));
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : tell()));
  window.addEventListener("pagehide", leave);
  document.addEventListener("afterword:presence", async ({detail}) => {
    if (detail !== bar.dataset.presence || document.hidden) return;
    await take(await fetch(address).catch(() => null));
  });
  afterword.whenShown((root) => { if (root !== document && others.length) show(); });
  tell();
}
