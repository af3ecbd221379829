// Tables whose lines sort within their block and hide by words, and the choice of one task or model for the whole page.
const LEAST_LINES = 9;
const collator = new Intl.Collator("en", { numeric: true });

function sortable(table) {
  for (const head of table.querySelectorAll("thead th[data-column]")) {
    const sorter = button(head.textContent, "sorter", () => {
      const down = head.getAttribute("aria-sort") === "descending";
      const start = head.classList.contains("number") ? "descending" : "ascending";
      const order = head.hasAttribute("aria-sort") ? (down ? "ascending" : "descending") : start;
      for (const other of table.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      for (const body of table.tBodies) sorted(body, Number(head.dataset.column), order === "descending" ? -1 : 1);
    });
    head.replaceChildren(sorter);
  }
}

function sorted(body, column, direction) {
  const lines = [...body.rows].filter((row) => !row.classList.contains("block"));
  const keys = new Map(lines.map((row) => [row, key(row.cells[column].textContent.trim())]));
  lines.sort((a, b) => compared(keys.get(a), keys.get(b), direction));
  body.append(...lines);
}

// Numbers before words before gaps, whatever the direction.
function key(text) {
  const number = parseFloat(text.replaceAll(",", "").replace("\u2212", "-").replace(/^[<>\u00b1~\s]+/, ""));
  return Number.isNaN(number) ? { rank: /^[\u2013-]?$/.test(text) ? 2 : 1, text } : { rank: 0, number };
}

function compared(a, b, direction) {
  if (a.rank !== b.rank) return a.rank - b.rank;
  return direction * (a.rank === 0 ? a.number - b.number : collator.compare(a.text, b.text));
}

function filterable(table) {
  const lines = [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => !row.classList.contains("block"));
  if (lines.length < LEAST_LINES) return;
  const words = new Map(lines.map((row) => [row, named(row)]));
  const field = element("input", "lines");
  field.type = "search";
  field.placeholder = `words in the ${lines.length} lines`;
  field.setAttribute("aria-label", "Show only lines with these words");
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const [row, text] of words) row.hidden = !wanted.every((word) => text.includes(word));
    for (const body of table.tBodies) body.classList.toggle("unmatched", [...words.keys()].every((row) => row.hidden || row.parentNode !== body));
  });
  table.closest(".scroll").before(field);
}

function named(row) {
  const block = row.parentNode.querySelector(".block")?.textContent ?? "";
  return `${block} ${[...row.querySelectorAll("th")].map((head) => head.textContent).join(" ")}`.toLowerCase();
}

// One task, or one task and model: what is of another is hidden, what is of none stays.
function focusable(select) {
  select.addEventListener("change", () => {
    const [task, model] = select.value ? JSON.parse(select.value) : [];
    for (const part of document.querySelectorAll("[data-task], [data-model]")) {
      const { task: of = task, model: by = model } = part.dataset;
      part.classList.toggle("elsewhere", Boolean(task && of !== task) || Boolean(model && by !== model));
    }
    for (const group of document.querySelectorAll("[data-holder]")) {
      const parts = [...group.querySelectorAll("[data-task]")];
      group.classList.toggle("elsewhere", parts.length > 0 && parts.every((part) => part.classList.contains("elsewhere")));
    }
  });
}

function unfold() {
  const target = location.hash && !location.hash.includes("=") ? document.getElementById(location.hash.slice(1)) : null;
  const folded = target?.closest("details:not([open])");
  if (folded) folded.open = true;
}

for (const table of document.querySelectorAll("table.sortable")) {
  sortable(table);
  filterable(table);
}
document.querySelectorAll("#focus").forEach(focusable);
addEventListener("hashchange", unfold);
unfold();
const unfolded = [];
addEventListener("beforeprint", () => {
  unfolded.push(...document.querySelectorAll("main details:not([open], .screen)"));
  for (const part of unfolded) part.open = true;
});
addEventListener("afterprint", () => {
  for (const part of unfolded.splice(0)) part.open = false;
});
