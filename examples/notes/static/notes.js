// Adds and deletes notes without loading the page again.
"use strict";

const list = document.getElementById("notes");
const form = document.getElementById("add");

async function api(method, path, data) {
  const options = { method: method };
  if (data) {
    options.body = JSON.stringify(data);
    options.headers = { "Content-Type": "application/json" };
  }
  const response = await fetch("/api/notes" + path, options);
  if (!response.ok) {
    throw new Error("The server says " + response.status);
  }
  return response.status === 204 ? null : response.json();
}

function show(note) {
  const item = document.createElement("li");
  item.dataset.id = note.id;
  const text = document.createElement("span");
  text.textContent = note.text;
  const edit = document.createElement("a");
  edit.href = "/note/" + note.id;
  edit.textContent = "edit";
  const remove = document.createElement("button");
  remove.textContent = "Delete";
  item.append(text, " ", edit, " ", remove);
  list.append(item);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    show(await api("POST", "", { text: form.elements.text.value }));
    form.reset();
  } catch (error) {
    alert(error.message);
  }
});

list.addEventListener("click", async (event) => {
  const item = event.target.closest("li");
  if (event.target.tagName !== "BUTTON" || !item) {
    return;
  }
  try {
    await api("DELETE", "/" + item.dataset.id);
    item.remove();
  } catch (error) {
    alert(error.message);
  }
});
