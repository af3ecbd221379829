// The explorer: filters, a list of which only the lines in sight exist, and the address that leads back to them.
const ANY = "";
const DEFAULTS = { sort: "sure" };
const SORTS = [["sure", "surest dense vote"], ["cells", "cells that break it"], ["number", "number of the example"]];

class Explorer {
  constructor(pies) {
    this.pies = pies;
    this.form = document.getElementById("filters");
    this.list = document.getElementById("list");
    this.lines = document.getElementById("lines");
    this.found = new Uint32Array(0);
    this.active = 0;
    this.life = new Life(pies, document.getElementById("life"), (step) => this.turn(step));
    this.life.dialog.addEventListener("close", () => this.closed());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => this.changed());
    document.getElementById("clear").addEventListener("click", () => this.clear());
    this.list.addEventListener("scroll", () => this.draw(), { passive: true });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.lines.addEventListener("click", (event) => {
      const line = event.target.closest("[data-at]");
      if (line) this.open(Number(line.dataset.at));
    });
    new ResizeObserver(() => this.draw()).observe(this.list);
    addEventListener("popstate", () => this.follow());
    document.addEventListener("keydown", (event) => this.shortcut(event));
    this.form.elements.text.addEventListener("keydown", (event) => this.enter(event));
    this.follow();
  }

  get want() {
    const values = Object.fromEntries(new FormData(this.form));
    return { task: ANY, split: ANY, model: ANY, method: ANY, sparsity: ANY, class: ANY, change: ANY, bin: ANY, ...values };
  }

  // What the address says: filters, and perhaps an example that is open.
  follow() {
    const address = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    const lost = [];
    this.offer();
    for (const field of this.form.elements) {
      const wanted = address.get(field.name) ?? DEFAULTS[field.name] ?? ANY;
      if (field.type === "checkbox") field.checked = address.has(field.name);
      else if (field.name) field.value = wanted;
      if (field.type === "select-one" && field.value !== wanted) {
        lost.push(`${field.name} “${wanted}”`);
        field.value = field.options[0].value;
      }
      if (field.name === "task" || field.name === "measure") this.offer();
    }
    this.offer();
    this.search();
    const place = address.get("example")?.split("/").map(decodeURIComponent);
    const item = place ? this.pies.at(...place) : -1;
    if (place && item < 0) lost.push(`${place.slice(0, 3).join(" · ")} example ${place[3] ?? ""}`);
    const section = location.hash.slice(1);
    if (section && !section.includes("=") && !document.getElementById(section)) lost.push(`section “${section}”`);
    if (item >= 0) this.life.show(item, (other) => this.show(other));
    else if (this.life.dialog.open) this.life.dialog.close();
    if (location.hash.includes("=")) document.getElementById("examples").scrollIntoView({ behavior: "instant" });
    this.miss(lost);
  }

  // An address may be of another report, or of an example that no cell breaks here: it never leads elsewhere in silence.
  miss(lost) {
    const told = document.getElementById("lost");
    told.hidden = lost.length === 0;
    const why = "It may be of another report; an example may have been broken by no cell, or left out to keep the page small.";
    told.textContent = lost.length ? `The address asks for what is not here: ${lost.join("; ")}. ${why}` : "";
    if (lost.length) told.scrollIntoView({ block: "center", behavior: "instant" });
  }

  address(item) {
    const parts = [...new FormData(this.form)].filter(([name, value]) => value && value !== DEFAULTS[name]);
    if (item !== undefined) {
      const { group, id } = this.pies.example(item);
      parts.push(["example", [group.task, group.split, group.model, id].map(encodeURIComponent).join("/")]);
    }
    return parts.length ? `#${parts.map((part) => part.map(encodeURIComponent).join("=").replaceAll("%2F", "/")).join("&")}` : "#examples";
  }

  offer() {
    const { task, measure } = this.want;
    const groups = this.pies.groups.filter((group) => !task || group.task === task);
    const cells = groups.flatMap((group) => group.cells);
    const pairs = (values, shown) => [...new Map(values.map((value) => [String(value), String(shown?.(value) ?? value)]))];
    const names = new Map(cells.map((cell) => [cell.method, cell.methodShown]));
    const percents = new Map(cells.map((cell) => [cell.sparsity, cell.sparsityShown]));
    const measures = new Map(groups.flatMap((group) => [...group.measures.values()].map(({ name, title }) => [name, title])));
    this.choices("task", "all tasks", pairs(this.pies.groups.map((group) => group.task)));
    this.choices("split", "all splits", pairs(groups.map((group) => group.split)));
    this.choices("model", "all models", pairs(groups.map((group) => group.model)));
    this.choices("method", "any method", [...names]);
    this.choices("sparsity", "any sparsity", pairs([...percents.keys()].sort((a, b) => a - b), (one) => percents.get(one)));
    this.choices("class", "any class", pairs(distinct(groups.map((group) => group.task)).flatMap((one) => this.pies.classes[one])));
    this.choices("change", "any change", Object.entries(CHANGES));
    this.choices("measure", "any example", [...measures]);
    this.choices("bin", "any bin", measure ? bins(this.pies.bins) : []);
    this.choices("sort", null, [...SORTS, ...measures]);
  }

  choices(name, any, pairs) {
    const select = this.form.elements[name];
    const chosen = select.value;
    const options = [...(any === null ? [] : [[ANY, any]]), ...pairs].map(([value, shown]) => {
      const option = element("option", "", shown);
      option.value = value;
      return option;
    });
    select.replaceChildren(...options);
    select.value = options.some((option) => option.value === chosen) ? chosen : options[0].value;
    select.closest("label").hidden = pairs.length < 2 && any !== null;
  }

  changed() {
    this.miss([]);
    this.offer();
    this.search();
    history.replaceState(null, "", this.address());
  }

  clear() {
    this.form.reset();
    this.changed();
    this.form.elements.text.focus();
  }

  search() {
    this.found = this.pies.find(this.want);
    this.active = 0;
    const all = this.found.length === this.pies.size ? "" : ` of ${this.pies.size.toLocaleString("en")}`;
    document.getElementById("count").textContent = `${this.found.length.toLocaleString("en")}${all} ${this.pies.size === 1 ? "example" : "examples"}`;
    this.list.scrollTop = 0;
    this.draw();
  }

  // Only the lines in sight, and some around them, are elements of the page.
  draw() {
    const style = getComputedStyle(this.list);
    const height = parseFloat(style.getPropertyValue("--line"));
    this.height = height;
    const first = Math.max(0, Math.floor(this.list.scrollTop / height) - 5);
    const last = Math.min(this.found.length, Math.ceil((this.list.scrollTop + this.list.clientHeight) / height) + 5);
    this.lines.style.height = `${this.found.length * height}px`;
    this.lines.replaceChildren(...Array.from({ length: last - first }, (_, at) => this.line(first + at)));
    this.list.toggleAttribute("data-empty", this.found.length === 0);
    if (this.found.length) this.list.setAttribute("aria-activedescendant", `line-${this.active}`);
    else this.list.removeAttribute("aria-activedescendant");
  }

  line(at) {
    const one = this.pies.example(this.found[at]);
    const { group, gold, dense, votes, agreeing } = one;
    const made = element("div", "line");
    made.id = `line-${at}`;
    made.dataset.at = at;
    made.role = "option";
    made.style.top = `${at * this.height}px`;
    made.ariaPosInSet = at + 1;
    made.ariaSetSize = this.found.length;
    made.ariaSelected = at === this.active;
    const where = element("p", "where", `${group.task} · ${group.model} · ${group.split} ${one.id}`);
    const text = prose("excerpt", one.texts.map((part) => part.slice(0, 400)).join(" ⏎ ") || "no text");
    const seen = one.texts.length || !group.pictures ? text : picture(one, this.pies, 84);
    made.classList.toggle("pictured", seen.matches("canvas"));
    const vote = most(votes.filter((other) => other !== dense));
    const facts = element("p", "facts-line");
    facts.append("gold ", element("b", "", this.pies.label(one, gold)), " · dense ", element("b", "", this.pies.counted(one, dense, one.denseAgreeing, group.seeds)), " → ");
    const surest = votes.reduce((best, other, at) => (other === vote && (best < 0 || agreeing[at] > agreeing[best]) ? at : best), -1);
    const told = this.pies.counted(one, vote, agreeing[surest], group.cells[surest].seeds);
    facts.append(element("b", this.pies.change(group, gold, dense, vote), told));
    facts.title = `The most frequent other vote, and the seeds behind it where they are most: ${group.cells[surest].name}`;
    made.append(where, seen, facts, this.strip(one));
    return made;
  }

  // A square for every cell: a line a sparsity, in the order of the methods.
  strip(one) {
    const { group, gold, dense, votes, agreeing } = one;
    const broken = group.cells.filter((_, at) => votes[at] !== dense);
    const made = element("p", "strip", `${broken.length}/${group.cells.length}`);
    made.title = `${broken.length} of ${group.cells.length} cells break it`;
    const grid = element("span", "squares");
    grid.role = "img";
    grid.ariaLabel = `broken by ${broken.map((cell) => cell.name).join(", ")}`;
    group.cells.forEach((cell, at) => {
      if (at && cell.method !== group.cells[at - 1].method) grid.append(element("i", "between"));
      const square = element("i", votes[at] === dense ? "" : this.pies.change(group, gold, dense, votes[at]));
      square.title = `${cell.name}: ${this.pies.counted(one, votes[at], agreeing[at], cell.seeds)}`;
      grid.append(square);
    });
    made.append(grid);
    return made;
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.list.clientHeight / this.height) - 1);
    const last = this.found.length - 1;
    const targets = { ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page, PageUp: this.active - page, Home: 0, End: last };
    if (event.altKey || event.ctrlKey || event.metaKey || last < 0) return;
    if (event.key in targets) this.go(targets[event.key]);
    else if (event.key === "Enter" || event.key === " ") this.open(this.active);
    else return;
    event.preventDefault();
  }

  shortcut(event) {
    if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || this.life.dialog.open) return;
    event.preventDefault();
    document.getElementById("filters").scrollIntoView({ behavior: "instant" });
    this.form.elements.text.focus({ preventScroll: true });
  }

  // From the search into what it found.
  enter(event) {
    if (event.key !== "ArrowDown" || event.altKey || event.ctrlKey || event.metaKey || this.found.length === 0) return;
    event.preventDefault();
    this.list.focus({ preventScroll: true });
    this.go(this.active);
  }

  go(at) {
    this.active = Math.min(Math.max(at, 0), this.found.length - 1);
    const top = this.active * this.height;
    const sight = this.list.clientHeight - this.height;
    this.list.scrollTop = Math.min(Math.max(this.list.scrollTop, top - sight), top);
    this.draw();
  }

  open(at) {
    this.go(at);
    this.list.focus({ preventScroll: true });
    history.pushState(null, "", this.address(this.found[this.active]));
    this.life.show(this.found[this.active], (other) => this.show(other));
  }

  turn(step) {
    if (this.found.length === 0) return;
    this.go(this.active + step);
    this.show(this.found[this.active]);
  }

  show(item) {
    history.replaceState(null, "", this.address(item));
    this.life.show(item, (other) => this.show(other));
  }

  closed() {
    history.replaceState(null, "", this.address());
    this.list.focus({ preventScroll: true });
  }
}

function most(votes) {
  const counts = new Map();
  for (const vote of votes) counts.set(vote, (counts.get(vote) ?? 0) + 1);
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}

function bins(count) {
  const part = Math.floor(count / 4);
  const quarters = [1, 2, 3, 4].map((quarter) => [`${(quarter - 1) * part + 1}-${quarter * part}`, `quarter ${quarter}${["", ", lowest", "", "", ", highest"][quarter]}`]);
  const single = Array.from({ length: count }, (_, at) => [`${at + 1}-${at + 1}`, `bin ${at + 1} of ${count}`]);
  return [...quarters, ...single];
}

async function explore() {
  const source = document.getElementById("data");
  const head = await unpacked(source.textContent);
  const pies = new Pies(head);
  source.remove();
  document.getElementById("examples").dataset.ready = "";
  new Explorer(pies);
  listTrials(head.trials);
  setTimeout(() => pies.lowered, 200); // so that the first word does not wait for it
}
