"""What is wrong with how a page is laid out, found in a browser and told as sentences."""

MEASURE = """() => {
  const faults = [];
  const name = (one) => one.tagName.toLowerCase() + [...one.classList].map((c) => "." + c).join("");
  const seen = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim()) continue;
    const parent = node.parentElement;
    if (!parent.checkVisibility({opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true}))
      continue;
    if (parent.closest(".unseen, option, script, noscript, datalist, svg")) continue;
    let scrolls = false, floats = false, edge = Infinity;
    for (let one = parent; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (one !== document.documentElement && one !== document.body && /auto|scroll/.test(style.overflowX))
        scrolls = true;
      if (style.textOverflow === "ellipsis") edge = one.getBoundingClientRect().right;
      const isSheet = one.matches(".menu__sheet, .export__sheet, .tool__sheet");
      if (/sticky|fixed/.test(style.position) || isSheet) floats = one;
    }
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      const text = node.data.trim().slice(0, 40);
      if (!scrolls && (box.left < -1 || Math.min(box.right, edge) > innerWidth + 1))
        faults.push(`outside the window: "${text}" in ${name(parent)}`);
      seen.push({box, text, node, parent, floats, scrolls});
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) {
    const sticksOut = (one) => one.getBoundingClientRect().right > innerWidth;
    const widest = (one) => sticksOut(one) && ![...one.children].some(sticksOut) && !one.closest(".scroll");
    const out = [...document.body.querySelectorAll("*")].filter(widest);
    faults.push(`the page is wider than the window: ${out.slice(0, 5).map(name).join(", ")}`);
  }
  seen.sort((a, b) => a.box.top - b.box.top);
  seen.forEach((one, place) => {
    for (let next = place + 1; next < seen.length && seen[next].box.top < one.box.bottom - 3; next++) {
      const other = seen[next];
      if (other.parent === one.parent || other.floats !== one.floats || one.scrolls || other.scrolls) continue;
      const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const high = Math.min(one.box.bottom, other.box.bottom) - other.box.top;
      if (wide > 2 && high > 4)
        faults.push(`overlap: "${one.text}" in ${name(one.parent)} and "${other.text}" in ${name(other.parent)}`);
    }
  });
  for (const one of document.querySelectorAll("button, .button, .tag, .status, summary, label, h1, h2, h3")) {
    if (!one.checkVisibility() || one.closest(".unseen") || one.matches(".unseen")) continue;
    if (one.scrollWidth > one.clientWidth + 2 && one.clientWidth && getComputedStyle(one).display !== "inline")
      faults.push(`wider than its box: ${name(one)} "${one.textContent.trim().slice(0, 40)}"`);
  }
  const box = (one) => one.getBoundingClientRect();
  for (const one of document.querySelectorAll("main .card, main form, main table, main button, main input, header *")) {
    if (!one.checkVisibility() || one.closest(".unseen")) continue;
    const inside = one.closest(".scroll, .tabs, .writing-tools, nav, pre"); // what scrolls by itself
    if (!inside && (box(one).right > innerWidth + 1 || box(one).left < -1)) faults.push(`box outside: ${name(one)}`);
  }
  const shown = (one) => one.checkVisibility() && !one.closest(".unseen") && box(one).height > 1;
  const words = (one) => one.textContent.trim().replace(/\\s+/g, " ").slice(0, 40);
  for (const {box: text, text: said, parent, scrolls, floats} of seen) {
    const card = parent.closest(".card, .note, .refusal, .checklist, .menu__sheet, .export__sheet, .savebar");
    if (!card || scrolls || floats) continue;
    const left = text.left - box(card).left, right = box(card).right - text.right;
    if (Math.min(left, right) < 6) faults.push(`at the edge of ${name(card)}: "${said}"`);
  }
  const boxes = ".card, .note, .refusal, .checklist";
  const fields = "input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea, button, .button, pre";
  const solid = `${boxes}, ${fields}`;
  const top = (one) => Math.min(
    ...(one.matches(solid) ? [one] : [...one.querySelectorAll(solid)].filter(shown)).map((inner) => box(inner).top),
    ...seen.filter(({parent}) => one.contains(parent)).map(({box}) => box.top),
  );
  for (const one of document.querySelectorAll(`main :is(${solid}, table)`)) {
    if (!shown(one) || one.closest("tr")) continue;
    let next = null;
    for (let last = one; !next && last.tagName !== "MAIN"; last = last.parentElement)
      for (next = last.nextElementSibling; next && !shown(next); next = next.nextElementSibling);
    if (!next || box(next).left >= box(one).right - 1 || box(next).right <= box(one).left + 1) continue;
    if (box(next).top - box(one).bottom >= 3) continue;
    const gap = top(next) - box(one).bottom;
    if (gap > -1 && gap < 3) faults.push(`touches: ${name(one)} and ${name(next)} "${words(next)}"`);
  }
  const pen = document.createElement("canvas").getContext("2d");
  for (const one of document.querySelectorAll("input[placeholder]")) {
    const style = getComputedStyle(one);
    if (!shown(one) || one.value) continue;
    pen.font = style.font;
    const room = one.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (pen.measureText(one.placeholder).width > room + 1) faults.push(`clipped placeholder: "${one.placeholder}"`);
  }
  const lowest = new Map();
  for (const {box, node} of seen) lowest.set(node, Math.max(box.top, lowest.get(node) ?? box.top));
  for (const {box: first, text, node} of seen)
    if (/^[\\w']{1,20}$/.test(text) && lowest.get(node) > first.top + 3)
      faults.push(`a word in pieces: "${text}" in ${name(node.parentElement)}`);
  for (const one of document.querySelectorAll("time")) {
    if (!shown(one)) continue;
    const lines = new Set([...one.getClientRects()].map((line) => Math.round(line.top)));
    if (lines.size > 2) faults.push(`a date in ${lines.size} lines: "${words(one)}"`);
  }
  const bar = document.querySelector("header.top .bar");
  const rows = innerWidth < 740 ? 3 : innerWidth < 900 ? 2 : 1;
  if (bar && box(bar).height > 20 + 52 * rows) faults.push(`header is ${box(bar).height} high`);
  return [...new Set(faults)];
}"""
"""Text and boxes that lie over each other or outside of the window, as sentences."""
