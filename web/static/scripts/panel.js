// After a change of status, the rest of the page shows what may be done now.
document.addEventListener("afterword:answered", ({detail: {from, isSaved}}) => {
  const parts = from.dataset.refreshes;
  if (isSaved && parts) afterword.refresh(parts);
});
