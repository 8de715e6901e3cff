// Rows of the template editor are added, moved, and removed in place. Without this file the same buttons send the form,
// and the server shows it again. A row keeps its name while the page is open, such as "s.3"; what is sent is numbered
// in the order of the page, because that is how the server reads it.
for (const form of document.querySelectorAll("form[data-edits-rows]")) {
  const lists = [...form.querySelectorAll("[data-rows]")];
  const listOf = (which) => lists.find((one) => one.dataset.rows === which);
  const rowsOf = (list) => [...list.querySelectorAll("[data-row]")];
  const within = (row, name) => row.querySelector(`[name="${row.dataset.row}.${name}"]`);
  const buttonOf = (row, does) => row.querySelector(`button[value*=".${does}."]`);
  const nameOf = (row) => row.querySelector("legend [data-row-name]").textContent;
  const titleOf = (row) => row.querySelector("[data-names-row]");
  const choice = form.elements.add;
  const made = new Map(lists.flatMap(rowsOf).map((row) => [row.dataset.row, row]));

  const announcement = form.querySelector("[data-announces]");
  const announce = (text) => { announcement.textContent = text; };

  // Which rows there are and in which order, with the keys of sections. drafts.js keeps it together with their text.
  const order = document.createElement("input");
  order.type = "hidden";
  order.name = "base.rows";
  form.prepend(order);

  const drawNames = (row) => {
    const title = titleOf(row).value.trim() || row.querySelector("legend [data-row-name]").dataset.rowName;
    for (const one of row.querySelectorAll("[data-row-name]")) one.textContent = title;
  };

  const drawChoices = () => {
    const used = new Set(rowsOf(listOf("s")).map((row) => within(row, "key").value));
    const left = [...document.querySelectorAll("template[data-adds=s]")].filter(({dataset}) => !used.has(dataset.key));
    choice.replaceChildren(...left.map(({dataset}) => new Option(dataset.title || "Custom section", dataset.key)));
  };

  const draw = () => {
    for (const list of lists) {
      const rows = rowsOf(list), which = list.dataset.rows;
      rows.forEach((row, place) => {
        for (const one of row.querySelectorAll("[data-row-place]")) one.textContent = place + 1;
        drawNames(row);
        buttonOf(row, "up").disabled = place === 0;
        buttonOf(row, "down").disabled = place === rows.length - 1;
      });
      for (const none of form.querySelectorAll(`[data-no-rows="${which}"]`)) none.hidden = rows.length > 0;
      form.querySelector(`button[value="${which}.add"]`).disabled = rows.length >= Number(list.dataset.most);
    }
    drawChoices();
    const rows = lists.flatMap(rowsOf);
    order.value = rows.map((row) => `${row.dataset.row}=${within(row, "key").value}`).join(" ");
  };

  const changed = () => {
    draw();
    order.dispatchEvent(new Event("input", {bubbles: true}));
  };

  const make = (which, key, id) => {
    const adds = [...document.querySelectorAll(`template[data-adds="${which}"]`)];
    const chosen = adds.find((one) => one.dataset.key === key) ?? adds.find((one) => one.dataset.key === "");
    const row = chosen.content.firstElementChild.cloneNode(true);
    for (const one of [row, ...row.querySelectorAll("*")]) {
      for (const {name, value} of [...one.attributes]) {
        if (value.startsWith(`${which}.new`)) one.setAttribute(name, value.replace(`${which}.new`, id));
      }
    }
    made.set(id, row);
    return row;
  };

  const unused = (which) => {
    let number = 0;
    while (made.has(`${which}.${number}`)) number += 1;
    return `${which}.${number}`;
  };

  const add = (list) => {
    const which = list.dataset.rows;
    const row = make(which, which === "s" ? choice.value : "", unused(which));
    list.append(row);
    changed();
    titleOf(row).focus();
    announce(`Added ${nameOf(row)}.`);
  };

  const move = (list, row, does) => {
    if (does === "up") row.previousElementSibling.before(row);
    else row.nextElementSibling.after(row);
    changed();
    const pressed = buttonOf(row, does);
    (pressed.disabled ? buttonOf(row, does === "up" ? "down" : "up") : pressed).focus();
    const rows = rowsOf(list);
    announce(`Moved ${nameOf(row)} ${does}, to place ${rows.indexOf(row) + 1} of ${rows.length}.`);
  };

  const remove = (list, row) => {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    changed();
    (next ? titleOf(next) : form.querySelector(`button[value="${list.dataset.rows}.add"]`)).focus();
    announce(`Removed ${nameOf(row)}.`);
  };

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=do]");
    const [which, does] = button?.value.split(".") ?? [];
    const list = listOf(which);
    if (!list) return;
    event.preventDefault();
    const row = button.closest("[data-row]");
    if (does === "add") add(list);
    else if (does === "remove") remove(list, row);
    else move(list, row, does);
  });

  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-names-row]")) drawNames(event.target.closest("[data-row]"));
  });

  form.addEventListener("formdata", ({formData}) => {
    const places = new Map();
    for (const list of lists) {
      rowsOf(list).forEach((row, place) => places.set(row.dataset.row, `${list.dataset.rows}.${place}`));
    }
    const sent = [...formData];
    for (const [name] of sent) formData.delete(name);
    for (const [name, value] of sent) {
      const [, row, rest] = name.match(/^([sf]\.\d+)(\..+)$/) ?? [];
      formData.append(row ? `${places.get(row)}${rest}` : name, value);
    }
  });

  // Before drafts.js fills in text that wasn't saved, or takes it back: the rows that it belongs to.
  form.addEventListener("restore", ({detail}) => {
    if (!detail["base.rows"]) return;
    const wanted = detail["base.rows"].split(" ").map((one) => one.split("="));
    for (const row of lists.flatMap(rowsOf)) row.remove();
    for (const [id, key] of wanted) {
      const which = id.split(".")[0];
      listOf(which).append(made.get(id) ?? make(which, key, id));
    }
    draw();
  });

  draw();
}
