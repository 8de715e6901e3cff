"""What a page in a browser lacks for those who read it: labels, names, contrast, and room in its window."""

from playwright.sync_api import Page

PLAIN_FAULTS = """() => {
  const faults = [];
  if (document.documentElement.lang !== "en") faults.push("no language");
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
  for (const field of document.querySelectorAll("input:not([type=hidden], [hidden]), select, textarea"))
    if (!field.labels.length && !field.ariaLabel) faults.push("no label: " + field.outerHTML);
  for (const button of document.querySelectorAll("button, a, summary"))
    if (!(button.textContent.trim() || button.getAttribute("aria-label"))) faults.push("no name: " + button.outerHTML);
  for (const picture of document.querySelectorAll("img")) if (!picture.hasAttribute("alt")) faults.push("no alt");
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push("twice: " + id);
  for (const one of document.querySelectorAll("[aria-labelledby], [aria-describedby]"))
    for (const id of (one.getAttribute("aria-labelledby") || one.getAttribute("aria-describedby")).split(" "))
      if (!document.getElementById(id)) faults.push("names nothing: " + id);
  if (document.documentElement.scrollWidth > innerWidth) faults.push("wider than the window");
  return faults;
}"""
FAINT = """() => {
  const parse = (text) => {
    const pixel = document.createElement("canvas").getContext("2d");
    pixel.fillStyle = text;
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const color = parse(getComputedStyle(one).backgroundColor);
      if (color[3] > 200) return color;
    }
    return [255, 255, 255];
  };
  const faults = new Set();
  for (const one of document.querySelectorAll("main *, header *")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !one.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    const style = getComputedStyle(one);
    const [a, b] = [light(parse(style.color)), light(behind(one))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) faults.add(`${one.tagName}.${one.className} ${style.color}: ${ratio.toFixed(2)}`);
  }
  return [...faults];
}"""


def faults(page: Page) -> list[str]:
    """What is wrong with the page that is there; wait for it first."""
    return [*page.evaluate(PLAIN_FAULTS), *page.evaluate(FAINT)]
