// The picture of a timeline is one stop for the Tab key; arrow keys go from event to event.
document.addEventListener("keydown", (event) => {
  const dot = event.target instanceof SVGAElement && event.target.closest("[data-picture] a");
  const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
  if (!dot || !step) return;
  event.preventDefault();
  const dots = [...dot.closest("[data-picture]").querySelectorAll("a")];
  const next = dots[dots.indexOf(dot) + step];
  if (!next) return;
  dot.setAttribute("tabindex", "-1");
  next.removeAttribute("tabindex");
  next.focus();
});
