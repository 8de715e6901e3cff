// Parts that take the server longer are read from a page of their own once the reader gets near them. Without this, a link
// leads there.
const near = new IntersectionObserver((seen) => {
  for (const {isIntersecting, target} of seen) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    load(target);
  }
}, {rootMargin: "200px"});

const load = async (part) => {
  part.setAttribute("aria-busy", "true");
  const answer = await fetch(part.dataset.loads, {headers: {Accept: "text/html"}}).catch(() => null);
  part.removeAttribute("aria-busy");
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (part.isConnected) afterword.put(page, `#${part.id}`);
};

afterword.whenShown((root) => {
  for (const part of afterword.all(root, "[data-loads]")) near.observe(part);
});
