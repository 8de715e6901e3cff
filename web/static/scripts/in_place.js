// Forms that are sent without leaving the page: htmx sends them, follows the redirect, and takes the form's part out of
// the page that is answered, a refusal included. What has no such part becomes a message, and nothing typed is lost.
const SIGNED_OUT = "You were signed out, so this wasn't saved. Your text is still here: sign in, then send it again.";

const isSignIn = (answer) => answer.status === 401 || new URL(answer.url).pathname === "/sign-in";
const signIn = {label: "Sign in", run: () => window.open("/sign-in", "_blank")};

const take = (page, name) => {
  const fresh = page.querySelector(`input[name=${name}]`)?.value;
  if (fresh) for (const one of document.querySelectorAll(`input[name=${name}]`)) one.value = fresh;
  return Boolean(fresh);
};

// The token of forms belongs to a session: after another sign-in, the page has a new one.
const refreshToken = async () => {
  const answer = await fetch(location.href, {headers: {Accept: "text/html"}});
  if (isSignIn(answer)) return "signed-out";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.body.dataset.person === document.body.dataset.person && take(page, "csrf") ? "ok" : "someone-else";
};
afterword.session = {isSignIn, refreshToken, signIn};

document.addEventListener("htmx:configRequest", ({detail: {headers}}) => {
  headers.Accept = "text/html"; // a refusal as a page, too
});

const answered = (event) => {
  const {xhr, requestConfig: {elt: from}, target} = event.detail;
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const isThere = page.getElementById(target.id) !== null;
  event.detail.shouldSwap = isThere;
  event.detail.isError = false;
  const detail = {from, isSaved: xhr.status < 400 && isThere};
  for (const one of from.isConnected ? [from] : [from, document]) {
    one.dispatchEvent(new CustomEvent("afterword:answered", {bubbles: true, detail}));
  }
  // Each page has keys of its own: the next form that is sent is another request, by whoever is signed in now.
  for (const name of ["key", "csrf"]) take(page, name);
  if (isThere) {
    // Another answer came first and drew this form's part again: htmx would swap what nobody sees any more.
    if (from.isConnected && target.isConnected) return;
    event.detail.shouldSwap = false;
    const more = from.closest("[hx-select-oob]")?.getAttribute("hx-select-oob");
    afterword.put(page, [`#${CSS.escape(target.id)}`, ...(more ? [more] : [])].join());
    return;
  }
  if (isSignIn({status: xhr.status, url: xhr.responseURL})) {
    afterword.say(SIGNED_OUT, {tone: "refusal", action: signIn});
  } else if (xhr.status < 400) {
    location.assign(xhr.responseURL);
  } else {
    const words = [...page.querySelectorAll("main h1, main h1 ~ p:not(:has(a)), main h1 ~ ul li")];
    afterword.say(words.map((one) => one.textContent.trim()).join(" ") || "That didn't work. Try again.", {tone: "refusal"});
  }
};

const unreachable = () => {
  afterword.say("Afterword can't be reached, so this wasn't saved. Your text is still here: try again.", {tone: "refusal"});
};

const unanswered = new Set();
const later = new Map();

// Heard where htmx tells it: an element that left the page meanwhile tells the document nothing.
document.addEventListener("htmx:beforeRequest", ({detail: {elt, target, xhr, requestConfig}}) => {
  const over = new AbortController();
  const hear = (at, name, then) =>
    at.addEventListener(name, (event) => { if (event.detail.xhr === xhr) then(event); }, {signal: over.signal});
  if (target?.id) hear(target, "htmx:beforeSwap", answered);
  hear(elt, "htmx:sendError", unreachable);
  if (requestConfig.verb !== "get") unanswered.add(xhr);
  xhr.addEventListener("loadend", () => {
    over.abort();
    unanswered.delete(xhr);
    if (!unanswered.size) setTimeout(goOn); // once the answer is shown
  });
});

// What moves a postmortem on depends on what was done before: who adds a reviewer and submits at once isn't refused
// because the reviewer isn't there yet. It is sent once all else is answered, from where it stands then.
document.addEventListener("htmx:confirm", (event) => {
  const form = event.detail.elt;
  if (!form.matches("form.move") || !unanswered.size) return;
  event.preventDefault();
  later.set(form.action, form);
  form.querySelector("button").disabled = true;
});
const goOn = () => {
  const forms = [...later.values()];
  later.clear();
  for (const form of forms) {
    const there = form.isConnected ? form : [...document.forms].find((one) => one.action === form.action);
    if (!there) continue;
    there.querySelector("button").disabled = false;
    for (const {name, type, value, checked} of there === form ? [] : form.elements) {
      const field = type === "hidden" || !name ? null : there.elements[name];
      if (field) Object.assign(field, type === "checkbox" ? {checked} : {value});
    }
    there.requestSubmit();
  }
};

// The reader stays where they were: at what went wrong, or at the part that changed.
document.addEventListener("htmx:afterSettle", ({detail: {elt}}) => {
  const wrong = afterword.all(elt, "[role=alert]")[0];
  if (wrong) wrong.scrollIntoView({block: "nearest"});
  if (document.activeElement && document.activeElement !== document.body) return;
  const spot = wrong ?? elt;
  if (!spot.hasAttribute("tabindex")) spot.tabIndex = -1;
  spot.focus({preventScroll: true});
});
