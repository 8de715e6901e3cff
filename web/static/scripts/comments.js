// Words that somebody marks in a section may be commented on. A letter is what is neither a blank nor a task's box, as
// in domain/visible_text.py: the server finds the words again by how many letters stand before them.
const isLetter = (one) => !/[\s\u2610\u2611\x1c-\x1f\x85]/u.test(one);
const lettersOf = (text) => [...text].filter(isLetter).length;
const button = document.createElement("button");
button.type = "button";
button.className = "primary small comment-here";
button.textContent = "Comment on this";
let picked = null;

const marked = () => {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const inside = (node) => (node instanceof Element ? node : node.parentElement)?.closest(".prose[data-section]");
  const prose = inside(range.startContainer);
  const form = prose && document.querySelector(`#talk-${CSS.escape(prose.dataset.section)} form:has(.picked)`);
  if (!form || prose !== inside(range.endContainer) || !lettersOf(range.toString())) return null;
  const before = document.createRange();
  before.setStart(prose, 0);
  before.setEnd(range.startContainer, range.startOffset);
  return {form, range, quote: range.toString().trim(), from: lettersOf(before.toString())};
};

document.addEventListener("selectionchange", () => {
  picked = marked();
  button.remove();
  if (!picked) return;
  const box = picked.range.getBoundingClientRect();
  document.body.append(button);
  button.style.top = `${scrollY + box.bottom + 6}px`;
  button.style.left = `${Math.max(8, Math.min(scrollX + box.left, innerWidth - button.offsetWidth - 8))}px`;
});
button.addEventListener("pointerdown", (event) => event.preventDefault());
button.addEventListener("click", () => {
  const {form, quote, from} = picked;
  form.closest("details").open = true;
  form.querySelector(".picked").hidden = false;
  form.querySelector(".picked q").textContent = quote;
  form.elements.quote.value = quote;
  form.elements.from.value = from;
  getSelection().removeAllRanges();
  form.elements.body.focus();
});
document.addEventListener("click", ({target}) => {
  const drop = target.closest("[data-drops]");
  if (drop) {
    drop.closest(".picked").hidden = true;
    drop.form.elements.quote.value = "";
    drop.form.elements.body.focus();
  }
  const mark = target.closest("mark[data-thread]");
  const thread = mark && document.querySelector(`[data-about="${CSS.escape(mark.dataset.thread)}"]`);
  if (!thread) return;
  thread.closest("details").open = true;
  thread.scrollIntoView({block: "center"});
  for (const one of document.querySelectorAll(".thread--lit")) one.classList.remove("thread--lit");
  thread.classList.add("thread--lit");
});
