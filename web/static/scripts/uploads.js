// Files that are pasted or dropped into a text field are uploaded, and the text refers to them.
afterword.whenShown((root) => afterword.all(root, "textarea[data-attaches]").forEach(takeFiles));

function takeFiles(area) {
  const note = document.createElement("p");
  note.className = "attaching";
  note.setAttribute("role", "status");

  const insert = (text) => afterword.insertText(area, area.selectionStart, area.selectionEnd, text);

  const upload = async (file) => {
    const form = new FormData();
    form.append("csrf", area.form.elements.csrf.value);
    form.append("for", area.dataset.attachesFor ?? "content");
    form.append("file", file, file.name || "image.png");
    const answer = await fetch(area.dataset.attaches, {
      method: "POST",
      body: form,
      headers: { Accept: "application/json" },
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.detail ?? "The file couldn't be uploaded. Try again.");
    return said.markdown;
  };

  const take = async (files) => {
    if (!note.isConnected) area.after(note); // not before: it would move what follows
    for (const file of files) {
      note.className = "attaching";
      note.textContent = `Uploading ${file.name || "image"}…`;
      try {
        insert(await upload(file));
      } catch (error) {
        note.className = "attaching attaching--failed";
        note.textContent = error.message;
        return;
      }
    }
    note.textContent = files.length === 1 ? "1 file attached" : `${files.length} files attached`;
  };

  area.addEventListener("afterword:files", ({detail: files}) => take(files));
  area.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (!files.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    take(files);
  });
  area.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });
  area.addEventListener("drop", (event) => {
    const files = [...event.dataTransfer.files];
    if (!files.length) return;
    event.preventDefault();
    take(files);
  });
}
