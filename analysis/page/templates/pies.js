// The examples that at least one pruned cell breaks, and the search among them; knows nothing of the page.
const CHANGES = {
  harm: "right before, wrong now",
  gain: "wrong before, right now",
  same: "wrong before and now",
  unknown: "no gold label",
};

class Pies extends Votes {
  constructor(head) {
    super(head);
    this.bins = head.bins;
    this.texts = head.texts;
    this.groups = head.groups.map((group) => opened(group, head));
    this.size = this.groups.reduce((sum, group) => sum + group.ids.length, 0);
    this.groupOf = new Uint16Array(this.size);
    this.rowOf = new Uint32Array(this.size);
    let at = 0;
    this.groups.forEach((group, number) => {
      group.start = at;
      this.groupOf.fill(number, at, at + group.ids.length);
      for (let row = 0; row < group.ids.length; row++) this.rowOf[at++] = row;
    });
    this.orders = new Map();
    this.words = new Map();
    this.counts = new Uint16Array(this.size); // of the cells that the last search was about, those that break the example
  }

  get lowered() {
    this.lowercase ??= this.texts.map((text) => text.toLowerCase());
    return this.lowercase;
  }

  // Example numbers of those that match, in the order that is asked for.
  find(want) {
    const found = new Float64Array(this.size);
    const rank = ["sure", "cells"].includes(want.sort) ? null : this.order(want.sort);
    const words = want.text.match(/"[^"]+"|\S+/g) ?? [];
    const matches = words.map((word) => this.matching(word.replaceAll('"', "").toLowerCase())).filter(Boolean);
    let count = 0;
    for (const group of this.groups) {
      const kept = selected(group, want, this, matches);
      if (kept === null) continue;
      const doubts = want.sort === "sure" ? group.doubts : null;
      for (let row = 0; row < group.ids.length; row++) {
        const cells = kept(row);
        if (cells === 0) continue;
        const item = group.start + row;
        this.counts[item] = cells;
        found[count++] = rank ? rank.place[item] : ((doubts?.[row] ?? 0) * 65536 + 65535 - cells) * this.size + item;
      }
    }
    const keys = found.subarray(0, count).sort();
    const items = Uint32Array.from(keys, rank ? (key) => rank.items[key] : (key) => key % this.size);
    return want.reverse ? items.reverse() : items;
  }

  // Where each example stands when all are sorted by a measure (highest first, unknown last) or by their number.
  order(name) {
    if (!this.orders.has(name)) {
      const values = new Float64Array(this.size).fill(-Infinity);
      for (const group of this.groups) {
        const known = name === "number" ? group.ids.map((id) => -id) : group.measures.get(name)?.values;
        known?.forEach((value, row) => (values[group.start + row] = Number.isNaN(value) ? -Infinity : value));
      }
      const items = Uint32Array.from(values, (_, item) => item).sort((a, b) => values[b] - values[a] || a - b);
      const place = new Uint32Array(this.size);
      items.forEach((item, at) => (place[item] = at));
      this.orders.set(name, { items, place });
    }
    return this.orders.get(name);
  }

  // A mark for every text with this word in it; only the texts that had a part of the word are searched again.
  matching(word) {
    if (!word) return null;
    if (/^#\d+$/.test(word)) return { id: Number(word.slice(1)) };
    if (!this.words.has(word)) {
      const part = [...this.words.keys()].filter((known) => word.includes(known)).sort((a, b) => b.length - a.length)[0];
      const before = this.words.get(part);
      const marks = new Uint8Array(this.texts.length);
      this.lowered.forEach((text, at) => {
        if ((before === undefined || before[at]) && text.includes(word)) marks[at] = 1;
      });
      if (this.words.size > 50) this.words.delete(this.words.keys().next().value);
      this.words.set(word, marks);
    }
    return { marks: this.words.get(word) };
  }

  example(item) {
    const group = this.groups[this.groupOf[item]];
    const row = this.rowOf[item];
    const texts = [group.text[row], group.pair[row]].filter((at) => at >= 0).map((at) => this.texts[at]);
    const width = group.cells.length;
    const [votes, agreeing] = [group.votes, group.agreeing].map((all) => all.subarray(row * width, (row + 1) * width));
    const { ids, gold, dense, dense_agreeing: agreed } = group;
    return { item, group, row, id: ids[row], texts, gold: gold[row], dense: dense[row], denseAgreeing: agreed[row], votes, agreeing };
  }

  at(task, split, model, id) {
    const group = this.groups.find((one) => one.task === task && one.split === split && one.model === model);
    const row = group ? group.ids.indexOf(Number(id)) : -1;
    return row < 0 ? -1 : group.start + row;
  }
}

function opened(group, head) {
  const array = (number) => head.arrays[number];
  const names = ["ids", "text", "pair", "gold", "dense", "votes", "dense_agreeing", "agreeing"];
  const measures = group.measures.map(([name, title, values, bins]) =>
    [name, { name, title, values: array(values), bins: array(bins) }]);
  const cells = group.cells.map(([method, methodShown, sparsity, sparsityShown, seeds]) =>
    ({ method, methodShown, sparsity, sparsityShown, seeds, name: `${methodShown} ${sparsityShown}` }));
  const arrays = Object.fromEntries(names.map((name) => [name, array(group[name])]));
  for (const name of ["text", "pair", "gold"]) arrays[name] = signed(arrays[name]);
  const broken = arrays.ids.map((_, row) => {
    let count = 0;
    for (let at = row * cells.length; at < (row + 1) * cells.length; at++) count += arrays.votes[at] !== arrays.dense[row];
    return count;
  });
  // By how many of a thousand dense seeds the dense vote lacks; without any count it is not sure of anything.
  const doubts = Uint16Array.from(arrays.dense_agreeing, (agreeing) => Math.round(1000 * (1 - agreeing / group.seeds)));
  return { ...group, ...arrays, broken, doubts, cells, measures: new Map(measures), pictures: picturesOf(group, array) };
}

// Of a task of pictures: their size in words, and their bytes with the place of each example's among them.
function picturesOf(group, array) {
  if (!group.pictures) return null;
  const [size, height, width, channels, values] = group.pictures;
  return { size, height, width, channels, values: array(values), at: signed(array(group.picture)) };
}

// The highest unsigned number stands for none, whatever its width: here it is -1.
function signed(values) {
  const none = 2 ** (8 * values.BYTES_PER_ELEMENT) - 1;
  return Int32Array.from(values, (value) => (value === none ? -1 : value));
}

// A function from a row of the group to the number of wanted cells that break it (0: not wanted), or null: none is.
function selected(group, want, pies, matches) {
  for (const name of ["task", "split", "model"]) if (want[name] && want[name] !== group[name]) return null;
  const columns = group.cells.map((_, at) => at).filter((at) =>
    (!want.method || group.cells[at].method === want.method) &&
    (!want.sparsity || String(group.cells[at].sparsity) === want.sparsity));
  const measure = want.bin && group.measures.get(want.measure);
  if (columns.length === 0 || (want.bin && !measure)) return null;
  const [lowest, highest] = want.bin ? want.bin.split("-").map(Number) : [];
  const golden = want.class ? pies.sets[group.task].map((set) => set.some((index) => pies.classes[group.task][index] === want.class)) : null;
  const width = group.cells.length;
  const every = columns.length === width && !want.change;
  return (row) => {
    if (golden && !golden[group.gold[row]]) return 0;
    if (measure && !(measure.bins[row] >= lowest && measure.bins[row] <= highest)) return 0;
    for (const { marks, id } of matches) {
      if (marks ? !(marks[group.text[row]] || marks[group.pair[row]]) : id !== group.ids[row]) return 0;
    }
    if (every) return group.broken[row];
    let count = 0;
    for (const column of columns) {
      const vote = group.votes[row * width + column];
      if (vote === group.dense[row]) continue;
      if (!want.change || pies.change(group, group.gold[row], group.dense[row], vote) === want.change) count++;
    }
    return count;
  };
}
