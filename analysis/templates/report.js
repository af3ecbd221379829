"use strict";
// The data is text from a data set that nobody has vetted: it reaches the page through textContent alone.
const data = JSON.parse(document.getElementById("data").textContent);
const form = document.getElementById("filters");
const PAGE = 25;
const ANY = "";
const CHANGES = {
  harm: "right before, wrong now",
  gain: "wrong before, right now",
  same: "wrong before and now",
  unknown: "no gold label",
};
let found = [];
let page = 0;

const items = data.items.map(([task, split, model, id, text, gold, dense, votes]) => ({
  task: data.names[task],
  split: data.names[split],
  model: data.names[model],
  id,
  texts: data.texts[text].filter((part) => part !== null),
  search: data.texts[text].filter((part) => part !== null).join("\n").toLowerCase(),
  gold,
  dense,
  cells: Array.from({ length: votes.length / 2 }, (_, i) => ({ cell: data.cells[votes[2 * i]], vote: votes[2 * i + 1] })),
}));

function change(item, vote) {
  if (item.gold < 0) return "unknown";
  if (item.dense === item.gold) return "harm";
  return vote === item.gold ? "gain" : "same";
}

function label(set) {
  if (set < 0) return "unknown";
  return data.sets[set].join(", ") || "no class";
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function choices(name, any, pairs) {
  const select = form.elements[name];
  const chosen = select.value;
  const options = [[ANY, any], ...pairs].map(([value, shown]) => {
    const option = element("option", "", shown);
    option.value = value;
    return option;
  });
  select.replaceChildren(...options);
  select.value = pairs.some(([value]) => String(value) === chosen) ? chosen : ANY;
}

function distinct(values) {
  return [...new Set(values)];
}

function offer() {
  const task = form.elements.task.value;
  const ofTask = items.filter((item) => !task || item.task === task);
  const cells = distinct(ofTask.flatMap((item) => item.cells.map((one) => one.cell)));
  const same = (values) => distinct(values).sort().map((value) => [value, value]);
  choices("task", "all tasks", same(items.map((item) => item.task)));
  choices("split", "all splits", same(ofTask.map((item) => item.split)));
  choices("model", "all models", same(ofTask.map((item) => item.model)));
  choices("method", "any method", distinct(data.cells.filter((cell) => cells.includes(cell)).map((cell) => cell[0]))
    .map((method) => [method, data.cells.find((cell) => cell[0] === method)[1]]));
  choices("sparsity", "any sparsity", distinct(cells.map((cell) => cell[2])).sort((a, b) => a - b)
    .map((sparsity) => [sparsity, data.cells.find((cell) => cell[2] === sparsity)[3]]));
  choices("class", "any class", same(ofTask.flatMap((item) => (item.gold < 0 ? [] : data.sets[item.gold]))));
  choices("change", "any change", Object.entries(CHANGES));
}

function filter() {
  const want = Object.fromEntries(new FormData(form));
  const words = want.text.toLowerCase().split(/\s+/).filter(Boolean);
  found = [];
  for (const item of items) {
    if (want.task && item.task !== want.task) continue;
    if (want.split && item.split !== want.split) continue;
    if (want.model && item.model !== want.model) continue;
    if (want.class && (item.gold < 0 || !data.sets[item.gold].includes(want.class))) continue;
    if (!words.every((word) => item.search.includes(word))) continue;
    const cells = item.cells.filter(({ cell, vote }) =>
      (!want.method || cell[0] === want.method) &&
      (!want.sparsity || String(cell[2]) === want.sparsity) &&
      (!want.change || change(item, vote) === want.change));
    if (cells.length) found.push({ item, cells });
  }
  found.sort((a, b) => b.cells.length - a.cells.length);
  page = 0;
  show();
}

function show() {
  const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
  page = Math.min(Math.max(page, 0), last);
  document.getElementById("count").textContent =
    found.length === 1 ? "1 example" : `${found.length.toLocaleString("en")} examples, those that most cells break first`;
  document.getElementById("list").replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE).map(card));
  document.getElementById("place").textContent = `page ${page + 1} of ${last + 1}`;
  document.getElementById("earlier").disabled = page === 0;
  document.getElementById("later").disabled = page === last;
}

function card({ item, cells }) {
  const made = element("li");
  made.append(element("p", "where", `${item.task} · ${item.model} · ${item.split} example ${item.id}`));
  for (const text of item.texts) made.append(...paragraph(text));
  const votes = element("dl", "votes");
  votes.append(pair("gold", label(item.gold)), pair("dense vote", label(item.dense)));
  made.append(votes);
  for (const vote of distinct(cells.map((one) => one.vote))) made.append(pruned(item, vote, cells));
  return made;
}

function paragraph(text) {
  const made = element("p", "text", text);
  made.dir = "auto";
  if (text.length < 480) return [made];
  made.classList.add("long");
  const more = element("button", "more", "whole text");
  more.type = "button";
  more.addEventListener("click", () => {
    made.classList.remove("long");
    more.remove();
  });
  return [made, more];
}

function pair(name, value) {
  const made = element("div");
  made.append(element("dt", "", name), element("dd", "", value));
  return made;
}

function pruned(item, vote, cells) {
  const made = element("p", "cells");
  const kind = change(item, vote);
  made.append("pruned vote ", element("strong", "", label(vote)));
  if (kind !== "unknown") made.append(" ", element("span", `change ${kind}`, `(${CHANGES[kind]})`));
  made.append(" ");
  const chosen = cells.filter((one) => one.vote === vote).map((one) => one.cell);
  for (const method of distinct(chosen.map((cell) => cell[1]))) {
    const sparsities = chosen.filter((cell) => cell[1] === method).map((cell) => cell[3].replace(" %", ""));
    made.append(element("span", "chip", `${method} ${sparsities.join(", ")} %`), " ");
  }
  return made;
}

function turn(step) {
  page += step;
  show();
  document.getElementById("examples").scrollIntoView();
}

offer();
filter();
let wait;
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", (event) => {
  clearTimeout(wait);
  if (event.target.name === "task") offer();
  wait = setTimeout(filter, event.target.name === "text" ? 150 : 0);
});
document.getElementById("earlier").addEventListener("click", () => turn(-1));
document.getElementById("later").addEventListener("click", () => turn(1));
