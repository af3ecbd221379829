// The life of one example: what every method at every sparsity made of it, in a dialog.
class Life {
  constructor(pies, dialog, turn) {
    this.pies = pies;
    this.dialog = dialog;
    this.body = dialog.querySelector(".body");
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    dialog.querySelector(".earlier").addEventListener("click", () => turn(-1));
    dialog.querySelector(".later").addEventListener("click", () => turn(1));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      turn(step);
    });
  }

  show(item, open) {
    const one = this.pies.example(item);
    const { group } = one;
    this.dialog.querySelector("h2").textContent = `${group.task} · ${group.model} · ${group.split} example ${one.id}`;
    this.body.replaceChildren(...this.seen(one), this.facts(one), element("p", "lived", this.summary(one)),
      element("p", "soft legend", "Majority vote by method and weights removed; a dot is the dense vote; 4/5: four of five seeds."), this.grid(one), ...this.others(one, open));
    this.body.append(element("p", "soft command", `piesweep example STORE ${group.task}:${group.split}:${one.id}`));
    if (!this.dialog.open) this.dialog.showModal();
    this.body.scrollTop = 0;
  }

  // What the models saw of it.
  seen(one) {
    if (one.texts.length) return one.texts.map((text) => prose("text", text));
    return [one.group.pictures ? picture(one, this.pies, 252) : element("p", "soft", "This example has no text.")];
  }

  facts(one) {
    const { group, row, gold, dense, denseAgreeing } = one;
    const list = element("dl", "known");
    const add = (name, value) => {
      const pair = element("div");
      pair.append(element("dt", "", name), element("dd", "", value));
      list.append(pair);
    };
    add("gold", this.pies.label(one, gold));
    add("dense vote", this.pies.counted(one, dense, denseAgreeing, group.seeds));
    for (const { title, values, bins } of group.measures.values()) {
      if (bins[row]) add(title, `${shown(values[row])} (bin ${bins[row]} of ${this.pies.bins})`);
    }
    return list;
  }

  summary(one) {
    const lives = methodsOf(one);
    const broken = lives.filter((life) => life.first !== null);
    const first = broken.reduce((low, life) => (low === null || life.first.sparsity < low.sparsity ? life.first : low), null);
    const back = broken.filter((life) => life.back).map((life) => life.name);
    const spared = lives.filter((life) => life.first === null).map((life) => life.name);
    const told = [`Flips first at ${first.sparsityShown}, and with ${broken.length} of ${counted(lives.length, "method", "methods")}.`];
    if (back.length) told.push(`Flips back at a higher sparsity with ${back.join(", ")}.`);
    if (spared.length) told.push(`Never flips with ${spared.join(", ")}.`);
    return told.join(" ");
  }

  grid(one) {
    const { group } = one;
    const sparsities = distinct(group.cells.map((cell) => cell.sparsity)).sort((a, b) => a - b);
    const table = element("table", "life");
    table.setAttribute("aria-label", "Majority vote by method and weights removed");
    const head = element("tr");
    head.append(heading("method", "col"));
    for (const sparsity of sparsities) head.append(heading(group.cells.find((cell) => cell.sparsity === sparsity).sparsityShown, "col"));
    head.append(heading("flips first", "col"), heading("flips back", "col"));
    const body = element("tbody");
    for (const life of methodsOf(one)) {
      const line = element("tr");
      line.append(heading(life.name, "row"));
      for (const sparsity of sparsities) line.append(this.place(one, life.places.get(sparsity)));
      line.append(element("td", "", life.first?.sparsityShown ?? "never"), element("td", "", life.first ? (life.back ? `at ${life.back.sparsityShown}` : "no") : ""));
      body.append(line);
    }
    const top = element("thead");
    top.append(head);
    table.append(top, body);
    const scroll = element("div", "scroll");
    scroll.tabIndex = 0;
    scroll.append(table);
    return scroll;
  }

  place(one, at) {
    const { group, gold, dense, votes, agreeing } = one;
    if (at === undefined) return element("td", "none", "");
    const vote = votes[at];
    const seeds = agreeing[at] ? ` ${agreeing[at]}/${group.cells[at].seeds}` : "";
    if (vote === dense) return element("td", "kept", `·${seeds}`);
    const kind = this.pies.change(group, gold, dense, vote);
    const made = element("td", `flip ${kind}`, this.difference(one, vote) + seeds);
    made.title = `${this.pies.label(one, vote)}: ${CHANGES[kind]}`;
    return made;
  }

  // One answer by its name; of several only what came and what went.
  difference(one, vote) {
    const [before, after] = [one.dense, vote].map((set) => this.pies.worded(one, this.pies.sets[one.group.task][set]));
    if (before.length === 1 && after.length === 1) return after[0];
    const gone = before.filter((name) => !after.includes(name)).map((name) => `−${name}`);
    const come = after.filter((name) => !before.includes(name)).map((name) => `+${name}`);
    return [...gone, ...come].join(" ");
  }

  others({ group, id }, open) {
    const found = this.pies.groups
      .filter((one) => one !== group && one.task === group.task && one.split === group.split)
      .map((one) => [one.model, this.pies.at(one.task, one.split, one.model, id)])
      .filter(([, item]) => item >= 0);
    if (found.length === 0) return [];
    const line = element("p", "others", "The same example with ");
    for (const [model, item] of found) line.append(button(model, "link", () => open(item)), " ");
    return [line];
  }
}

// Of each method: its votes by sparsity, the first cell that differs from the dense vote, and the first after it that does not.
function methodsOf({ group, dense, votes }) {
  return distinct(group.cells.map((cell) => cell.method)).map((method) => {
    const own = group.cells.map((cell, at) => ({ cell, at, vote: votes[at] })).filter(({ cell }) => cell.method === method);
    const flip = own.findIndex(({ vote }) => vote !== dense);
    const back = flip < 0 ? undefined : own.slice(flip).find(({ vote }) => vote === dense);
    return {
      name: own[0].cell.methodShown,
      places: new Map(own.map(({ cell, at }) => [cell.sparsity, at])),
      first: flip < 0 ? null : own[flip].cell,
      back: back?.cell,
    };
  });
}

function shown(value) {
  return value.toLocaleString("en", { maximumSignificantDigits: 4 });
}

function heading(text, scope) {
  const made = element("th", "", text);
  made.scope = scope;
  made.title = text;
  return made;
}
