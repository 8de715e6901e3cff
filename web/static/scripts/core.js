// What the other scripts share, as `afterword`. Every page works without any of them.
window.afterword = (() => {
  const shows = [];

  // Everything that matches, the root itself included.
  const all = (root, selector) =>
    [...(root instanceof Element && root.matches(selector) ? [root] : []), ...root.querySelectorAll(selector)];

  // Runs for the document now, and for each part of it that is put in its place later.
  const whenShown = (show) => {
    shows.push(show);
    show(document);
  };
  document.addEventListener("htmx:load", ({detail: {elt}}) => {
    if (elt !== document.body) for (const show of shows) show(elt);
  });

  const isTyped = (field) => {
    if (field.type === "hidden" || !field.name) return false;
    if (field instanceof HTMLSelectElement) {
      const options = [...field.options];
      const asDrawn = options.some((one) => one.defaultSelected);
      return asDrawn ? options.some((one) => one.selected !== one.defaultSelected) : field.selectedIndex > 0;
    }
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    return "defaultValue" in field && field.value !== field.defaultValue;
  };
  // Between pressing and releasing, what is pressed stays where it is: a browser clicks nothing that was replaced.
  let pressed = null;
  document.addEventListener("pointerdown", ({target}) => { pressed = target; }, true);
  for (const one of ["pointerup", "pointercancel"]) {
    document.addEventListener(one, () => setTimeout(() => {
      pressed = null;
      catchUp();
    }), true);
  }

  // Someone writes in it, reads why it was refused, or waits for an answer that will be shown in it.
  const isBusy = (part) =>
    all(part, "[data-editing], [role=alert], .htmx-request").length > 0 ||
    part.contains(pressed) ||
    (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) ||
    all(part, "input, select, textarea").some(isTyped);

  // What a part shows, without what differs each time that it is drawn, and what scripts leave behind.
  const shownIn = (part) =>
    part.outerHTML.replace(/name="(key|csrf)" value="[^"]*"/g, "").replace(/ (open|class)=""| tabindex="-1"/g, "");

  const nameOf = (details) => details.id || details.querySelector("summary")?.textContent.trim();

  const come = (part) => {
    htmx.process(part);
    for (const show of shows) show(part);
  };

  // Who stands on a link or a button in a part that is replaced stands on the same one afterwards, or else on the part.
  const nameIn = (one) => {
    const [label, href, name] = ["aria-label", "href", "name"].map((each) => one.getAttribute(each));
    return [one.localName, label ?? one.textContent.trim(), href, name].join();
  };
  const exchange = (old, part) => {
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(part);
    if (focused) {
      all(part, focused.localName).find((one) => nameIn(one) === nameIn(focused))?.focus({preventScroll: true});
      if (!part.contains(document.activeElement)) {
        part.tabIndex = -1;
        part.focus({preventScroll: true});
      }
    }
    come(part);
  };

  const waiting = new Set();
  let swaps = 0;
  let begun = 0;
  let drawn = 0;
  const replace = (old, fresh) => {
    if (isBusy(old)) {
      waiting.add(`#${CSS.escape(old.id)}`);
      old.dispatchEvent(new CustomEvent("afterword:outdated", {bubbles: true, detail: {fresh}}));
      return;
    }
    waiting.delete(`#${CSS.escape(old.id)}`);
    const part = document.adoptNode(fresh);
    const opened = new Map(all(old, "details").map((one) => [nameOf(one), one.open]));
    for (const one of all(part, "details")) one.open = opened.get(nameOf(one)) ?? one.open;
    for (const note of all(old, "[data-stays]")) { // an offer to undo is not on the page as others see it
      const around = all(part, `#${CSS.escape(note.parentElement.id)}`)[0];
      if (around && !around.querySelector("[data-stays]")) around.prepend(note.cloneNode(true));
    }
    if (shownIn(old) !== shownIn(part)) exchange(old, part);
  };

  // Puts parts of another page in the place of this page's, whatever is in them.
  const put = (page, selector) => {
    for (const fresh of page.querySelectorAll(selector)) {
      const old = document.getElementById(fresh.id);
      if (old) exchange(old, document.adoptNode(fresh));
    }
    swaps += 1;
  };

  // Where a part that is new belongs: after the part before it, or at the begin of the one around it.
  const spotOf = (part) => {
    for (let one = part.previousElementSibling; one; one = one.previousElementSibling) {
      if (one.id && document.getElementById(one.id)) return {after: one.id};
    }
    return {within: part.parentElement?.id};
  };
  const insert = (part, {after, within}) => {
    const spot = document.getElementById(after ?? within ?? "");
    if (!spot || document.getElementById(part.id)) return;
    const fresh = document.adoptNode(part);
    if (after) spot.after(fresh);
    else spot.prepend(fresh);
    come(fresh);
  };

  // Draws parts of this page anew, as its reader may see them now, with those that are new, and without those that are
  // gone. A part that somebody is writing in waits; the parts in it don't.
  const refresh = async (selector, turns = 3) => {
    const before = swaps;
    const mine = (begun += 1);
    const answer = await fetch(location.href, {headers: {Accept: "text/html"}}).catch(() => null);
    if (!answer?.ok || new URL(answer.url).pathname !== location.pathname) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (swaps !== before || mine < drawn) { // it may be older than what is shown
      if (turns > 1) return refresh(selector, turns - 1);
      waiting.add(selector);
      catchUp();
      return false;
    }
    drawn = mine;
    const added = [...page.querySelectorAll(selector)]
      .filter((part) => part.id && !document.getElementById(part.id))
      .map((part) => [part, spotOf(part)]);
    const around = new Set([...page.querySelectorAll("[id]")].map((one) => one.id));
    for (const old of document.querySelectorAll(selector)) {
      if (!old.isConnected || !old.id) continue;
      const fresh = page.getElementById(old.id);
      if (fresh) replace(old, fresh);
      else if (!around.has(old.id) && around.has(old.parentElement.closest("[id]")?.id) && !isBusy(old)) old.remove();
    }
    for (const [part, spot] of added) insert(part, spot);
    return true;
  };
  const catchUp = () => {
    if (!waiting.size) return;
    setTimeout(() => {
      if (!waiting.size) return;
      const selector = [...waiting].join();
      waiting.clear(); // what is still busy comes back
      refresh(selector);
    }, 300);
  };
  document.addEventListener("focusout", catchUp);
  document.addEventListener("htmx:afterSettle", catchUp);
  document.addEventListener("htmx:afterSwap", () => { swaps += 1; });

  const say = (text, {tone = "plain", action = null} = {}) => {
    const toast = document.createElement("div");
    toast.className = `toast toast--${tone}`;
    const words = document.createElement("p");
    words.textContent = text;
    toast.append(words);
    const button = (label, run) => {
      const one = document.createElement("button");
      one.type = "button";
      one.className = "small";
      one.textContent = label;
      one.addEventListener("click", () => {
        toast.remove();
        run?.();
      });
      toast.append(one);
    };
    if (action) button(action.label, action.run);
    button("Dismiss");
    document.getElementById("toasts").append(toast);
    if (tone === "plain") setTimeout(() => toast.remove(), action ? 15_000 : 6_000);
    return toast;
  };

  return {all, whenShown, refresh, put, say};
})();
