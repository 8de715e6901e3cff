// After a change of status, the rest of the page shows what may be done now.
document.addEventListener("afterword:answered", ({target, detail: {isSaved}}) => {
  const parts = target.dataset.refreshes;
  if (isSaved && parts) afterword.refresh(parts);
});
