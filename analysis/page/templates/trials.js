// The table of every trial, made when it is first opened: a large study has thousands.
const TRIAL_COLUMNS = ["task", "model", "method", "removed", "seed", "metric", "value", "seconds", "device"];
const NUMBERS = new Set(["removed", "seed", "value", "seconds"]);

function trialTable(trials) {
  const table = element("table", "sortable");
  const head = element("tr");
  TRIAL_COLUMNS.forEach((name, at) => {
    const made = heading(name, "col");
    made.dataset.column = at;
    made.classList.toggle("number", NUMBERS.has(name));
    head.append(made);
  });
  const top = element("thead");
  top.append(head);
  table.append(top);
  const bodies = new Map();
  for (const trial of trials) {
    const place = `${trial[0]}\n${trial[1]}`;
    if (!bodies.has(place)) bodies.set(place, Object.assign(element("tbody"), { place: trial }));
    bodies.get(place).append(trialLine(trial));
  }
  for (const body of bodies.values()) {
    [body.dataset.task, body.dataset.model] = body.place;
    table.append(body);
  }
  return table;
}

function trialLine(trial) {
  const line = element("tr");
  trial.forEach((value, at) => {
    const name = TRIAL_COLUMNS[at];
    const text = value === null ? "\u2013" : name === "value" ? value.toFixed(4) : name === "seconds" ? value.toFixed(1) : String(value);
    line.append(at < 3 ? heading(text, "row") : element("td", NUMBERS.has(name) ? "number" : "", text));
  });
  return line;
}

function listTrials(trials) {
  const folded = document.getElementById("every-trial");
  const list = () => {
    if (!folded.open || folded.querySelector("table")) return;
    const scroll = element("div", "scroll");
    scroll.tabIndex = 0;
    const table = trialTable(trials);
    scroll.append(table);
    folded.append(scroll);
    sortable(table);
    filterable(table);
    document.getElementById("focus")?.dispatchEvent(new Event("change"));
  };
  folded.addEventListener("toggle", list);
  list();
}
