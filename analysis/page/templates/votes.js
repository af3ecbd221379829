// Votes as people read them. An example has its group, texts, gold answer, dense vote and pruned votes.
const WORDED = {
  span: (pies, one, [begin, end]) => {
    const passage = (one.passage ??= [...(one.texts.at(-1) ?? "")]); // of an example there are many votes
    return begin < end && end <= passage.length ? [passage.slice(begin, end).join("")] : [`characters ${begin} to ${end}`];
  },
  // Only the words on which not all votes and the gold answer agree.
  tagging: (pies, one, tags) => {
    const words = (one.words ??= (one.texts[0] ?? "").split(" "));
    const asked = (one.disputed ??= pies.disputed(one));
    const name = (at) => (words.length === tags.length ? words[at] : `word ${at + 1}`);
    return asked.filter((at) => at < tags.length).map((at) => `${name(at)} ${pies.name(one.group, tags[at])}`);
  },
};

class Votes {
  constructor(head) {
    this.kinds = head.kinds;
    this.classes = head.classes;
    this.sets = head.sets;
  }

  label(one, set) {
    if (set < 0) return "unknown";
    const known = this.sets[one.group.task][set];
    const told = (severalOf(known) ? known : [known]).flatMap((codes) => this.worded(one, codes));
    return distinct(told).join(", ") || "no class";
  }

  worded(one, codes) {
    const worded = WORDED[this.kinds[one.group.task]];
    return worded ? worded(this, one, codes) : codes.map((index) => this.name(one.group, index));
  }

  name(group, index) {
    return this.classes[group.task][index];
  }

  // The places at which the gold answer, the dense vote and the pruned votes do not all say the same.
  disputed({ group, gold, dense, votes }) {
    const said = distinct([gold, dense, ...votes].filter((set) => set >= 0)).map((set) => this.sets[group.task][set]);
    const longest = Math.max(...said.map((codes) => codes.length));
    return Array.from({ length: longest }, (_, at) => at).filter((at) => said.some((codes) => codes[at] !== said[0][at]));
  }

  // A vote with the seeds behind it, as far as they were counted: positive 4/5.
  counted(one, set, agreeing, seeds) {
    return this.label(one, set) + (agreeing ? ` ${agreeing}/${seeds}` : "");
  }

  change(group, gold, dense, vote) {
    if (gold < 0) return "unknown";
    if (this.isRight(group, gold, dense)) return "harm";
    return this.isRight(group, gold, vote) ? "gain" : "same";
  }

  isRight(group, gold, vote) {
    if (gold === vote) return true;
    const [right, said] = [gold, vote].map((set) => this.sets[group.task][set]);
    return severalOf(right) && right.some((codes) => String(codes) === String(said));
  }
}

// Whether a gold answer is a list of several, any of which is right.
function severalOf(answer) {
  return Array.isArray(answer[0]);
}
