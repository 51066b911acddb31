// The plots are drawn already; this moves their marks to other ranges. Every mark has its values
// in data-x and data-y (a line or a box has two, a curve has many) and its subject by number.
const SVG = "http://www.w3.org/2000/svg";
const SPAN = 1000, EDGE = 0.04, CHARACTER_PX = 6.6, TICK_PX = 64, NEAR_PX = 60, FRAME_PX = 32;
const make = (tag, attributes = {}, content = "") => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = content;
  return element;
};
const numbers = (text) => (text ? text.split(" ").map(Number) : []);
const percent = (share) => `${(100 * share).toFixed(3)}%`;

const hidden = new Set();
const plots = [];

class Plot {
  constructor(figure) {
    this.figure = figure;
    this.kind = figure.dataset.kind;
    this.canvas = figure.querySelector(".canvas");
    this.field = figure.querySelector(".field");
    this.box = this.field.querySelector(".box");
    this.rail = figure.querySelector(".rail");
    this.height = this.fullHeight = Number(this.field.dataset.height);
    this.rowHeight = Number(this.field.dataset.rowHeight);
    this.rowed = [...this.box.querySelectorAll("[data-row]")];
    for (const mark of this.rowed) mark.down = Object.fromEntries(["y", "y1", "y2", "cy"]
      .filter((name) => mark.hasAttribute(name)).map((name) => [name, Number(mark.getAttribute(name))]));
    this.marks = [...this.box.querySelectorAll("[data-x]")];
    this.setting = figure.querySelector("[data-role=setting]") ? "0" : null;
    this.zoom = null;
    const data = this.field.dataset;
    this.x = this.first = new Scale(+data.xLow, +data.xHigh, data.xUnit, data.xLog === "1");
    this.y = data.yUnit ? new Scale(+data.yLow, +data.yHigh, data.yUnit, data.yLog === "1") : null;
    this.linearUp = this.y !== null && this.y.unit === "ns" && !this.y.log;
    for (const mark of this.marks) {
      mark.values = { x: numbers(mark.dataset.x), y: numbers(mark.dataset.y), below: numbers(mark.dataset.below) };
      const title = mark.querySelector("title");
      if (title) { mark.hint = title.textContent; title.remove(); }
    }
    figure.classList.add("live");
    this.tip = document.createElement("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    this.tip.setAttribute("aria-live", "polite");
    this.canvas.append(this.tip);
    this.cursor = make("circle", { class: "cursor", r: 5, hidden: "" });
    this.box.append(this.cursor);
    this.listen();
  }

  isShown(mark) {
    return !hidden.has(mark.dataset.subject) && (this.setting === null || mark.dataset.setting === undefined || mark.dataset.setting === this.setting);
  }

  refit() {
    const shown = [];
    for (const mark of this.box.querySelectorAll("[data-subject]")) {
      const visible = this.isShown(mark);
      mark.toggleAttribute("hidden", !visible);
    }
    for (const mark of this.marks) if (this.isShown(mark)) shown.push(mark);
    const across = shown.flatMap((mark) => mark.values.x);
    if (this.kind === "boxes") this.x = this.zoom ? new Scale(this.zoom[0], this.zoom[1], "ns", false) : this.first;
    else if (this.kind === "bars") this.x = this.x.fitted(across, true);
    else if (this.x.log) this.x = this.x.fitted(across);
    if (this.y && !(this.y.unit === "share" && this.kind === "curves")) {
      const up = shown.flatMap((mark) => (mark.classList.contains("moment") ? [] : [...mark.values.y, ...mark.values.below]));
      if (up.length) this.y = this.upwards(up);
    }
    this.hide();
    this.close();
    this.draw();
  }

  // Rows move up into the place of hidden ones.
  close() {
    if (!this.rowHeight) return;
    const gone = new Set(this.rowed.filter((mark) => hidden.has(mark.dataset.subject)).map((mark) => Number(mark.dataset.row)));
    for (const mark of this.rowed) {
      const up = this.rowHeight * [...gone].filter((row) => row < Number(mark.dataset.row)).length;
      for (const [name, value] of Object.entries(mark.down)) mark.setAttribute(name, value - up);
    }
    this.height = this.fullHeight - this.rowHeight * gone.size;
    this.box.setAttribute("height", this.height);
    this.field.setAttribute("height", this.height + FRAME_PX);
  }

  // A run over time starts at 0 where that shows something, so that a small change looks small.
  upwards(values) {
    if (this.y.unit !== "ns") return this.y.fitted(values);
    const low = Math.min(...values), high = Math.max(...values);
    return high > 4 * low ? new Scale(1, 10, "ns", true).fitted(values) : new Scale(0, high * 1.05, "ns", false);
  }

  draw() {
    const width = this.box.getBoundingClientRect().width || 640;
    this.drawTicks(Math.max(2, Math.floor(width / TICK_PX)), width);
    for (const mark of this.marks) if (this.isShown(mark)) this.place(mark, width);
  }

  drawTicks(wanted, width) {
    const across = this.box.querySelector(".across"), up = this.box.querySelector(".up");
    across.replaceChildren();
    let taken = -Infinity; // where the last text ends, px
    for (const tick of this.x.ticks(wanted)) {
      const share = this.x.share(tick), at = percent(share);
      const style = share < EDGE ? "start" : share > 1 - EDGE ? "end" : "";
      if (share < -0.001 || share > 1.001) continue;
      across.append(make("line", { x1: at, x2: at, y1: 0, y2: this.height }));
      const words = text(tick, this.x.unit), long = words.length * CHARACTER_PX;
      const begin = share * width - (style === "start" ? 0 : style === "end" ? long : long / 2);
      if (begin < taken) continue;
      taken = begin + long + CHARACTER_PX;
      across.append(make("text", { x: at, y: this.height + 17, class: style }, words));
    }
    if (!this.y) return;
    up.replaceChildren();
    this.rail.replaceChildren();
    const head = Number(this.box.getAttribute("y"));
    for (const tick of this.y.ticks(6)) {
      const y = this.down(tick);
      up.append(make("line", { x1: 0, x2: "100%", y1: y, y2: y }));
      this.rail.append(make("text", { x: "100%", y: y + head + 4 }, text(tick, this.y.unit)));
    }
  }

  down(value) { return Number((this.height * (1 - this.y.share(value))).toFixed(2)); }

  place(mark, width) {
    const { x, y } = mark.values, shares = x.length < 3 ? x.map((value) => this.x.share(value)) : [];
    const set = (name, value) => mark.setAttribute(name, value);
    if (mark.tagName === "path") return this.trace(mark);
    if (mark.tagName === "svg") {
      const start = Math.max(0, shares[0]), end = Math.min(1, shares[1]);
      set("x", percent(start));
      set("width", percent(Math.max(0, end - start)));
      mark.toggleAttribute("hidden", end - start <= 1e-6);
      this.fit(mark, (end - start) * width);
    } else if (mark.tagName === "line") {
      set("x1", percent(shares[0]));
      set("x2", percent(shares[shares.length - 1]));
      if (!this.y) return undefined;
      const through = mark.classList.contains("moment");
      set("y1", through ? 0 : this.down(y[0]));
      set("y2", through ? this.height : this.down(y[1]));
    } else {
      const [across, down] = mark.tagName === "circle" ? ["cx", "cy"] : ["x", "y"];
      set(across, percent(shares[0]));
      if (this.y) set(down, this.down(y[0]));
      if (mark.tagName === "text") {
        mark.classList.toggle("end", shares[0] > 0.7);
        set("dx", shares[0] > 0.7 ? -14 : 14);
      }
    }
    return undefined;
  }

  // As much of its name as there is room for.
  fit(mark, width) {
    const label = mark.querySelector("text");
    if (!label) return;
    mark.name ??= label.textContent;
    const n = Math.floor((width - 10) / CHARACTER_PX);
    mark.classList.toggle("thin", n < 4 && n < mark.name.length);
    label.textContent = n >= mark.name.length ? mark.name : `${mark.name.slice(0, Math.max(1, n - 1))}\u2026`;
  }

  trace(mark) {
    const step = (index, ys) =>
      `${(SPAN * this.x.share(mark.values.x[index])).toFixed(1)} ${(SPAN * (1 - this.y.share(ys[index]))).toFixed(1)}`;
    const there = mark.values.x.map((_, index) => step(index, mark.values.y));
    const back = mark.values.below.map((_, index) => step(index, mark.values.below)).reverse();
    mark.setAttribute("d", `M${[...there, ...back].join("L")}${back.length ? "Z" : ""}`);
  }

  // ---- what is under the pointer, or chosen with the keys
  listen() {
    this.field.setAttribute("tabindex", "0");
    this.field.setAttribute("role", "group");
    this.field.setAttribute("aria-roledescription", "plot; the arrow keys go through its values");
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerdown", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.hide());
    this.field.addEventListener("blur", () => this.hide());
    this.field.addEventListener("keydown", (event) => this.press(event));
    this.box.addEventListener("click", (event) => {
      const bar = event.target.closest(".bar");
      if (bar && this.kind === "boxes") this.zoomTo(bar);
    });
    const whole = this.figure.querySelector("[data-role=whole]");
    if (whole) whole.addEventListener("click", () => this.zoomTo(null));
    const tools = this.figure.querySelector(".tools");
    if (tools) tools.hidden = false;
    const select = this.figure.querySelector("[data-role=setting]");
    if (select) {
      const shown = this.figure.querySelector(".shown");
      shown.hidden = true;
      select.addEventListener("change", () => {
        this.setting = select.value;
        shown.textContent = select.selectedOptions[0].textContent;
        this.refit();
      });
    }
    const tail = this.figure.querySelector("[data-role=tail]");
    if (tail) tail.addEventListener("click", () => {
      this.y.tail = !this.y.tail;
      tail.setAttribute("aria-pressed", String(this.y.tail));
      this.hide();
      this.draw();
    });
  }

  zoomTo(bar) {
    const whole = bar === null || bar.dataset.level === "0";
    this.zoom = whole ? null : bar.values.x;
    this.figure.querySelector("[data-role=whole]").hidden = whole;
    this.refit();
  }

  lines() { return this.marks.filter((mark) => mark.classList.contains("line") && !mark.hasAttribute("hidden")); }
  hinted() { return this.marks.filter((mark) => mark.hint && !mark.hasAttribute("hidden")); }

  point(event) {
    const active = event.target.closest("[data-x]");
    if (active && active.hint) return this.show(active);
    if (this.kind !== "curves") return this.hide();
    const frame = this.box.getBoundingClientRect(), rail = this.canvas.getBoundingClientRect();
    const width = this.field.getBoundingClientRect().width, left = this.field.getBoundingClientRect().left;
    const top = rail.top + Number(this.box.getAttribute("y"));
    const px = event.clientX - left, py = event.clientY - top;
    let best = null;
    for (const line of this.lines())
      line.values.x.forEach((value, index) => {
        const off = Math.hypot(width * this.x.share(value) - px, this.down(line.values.y[index]) - py);
        if (off < NEAR_PX && (best === null || off < best.off)) best = { off, line, index };
      });
    return best ? this.read(best.line, best.index) : this.hide();
  }

  read(line, index) {
    this.unmark();
    this.at = { line, index };
    const x = line.values.x[index], y = line.values.y[index];
    const words = this.y.unit === "share"
      ? `${text(x, "ns", 3)}\n${trimmed(100 * y)} % of the calls take no longer`
      : `${text(y, "ns", 3)}\nat ${text(x, "s", 3)}${this.spread(line, index)}`;
    this.cursor.removeAttribute("hidden");
    this.cursor.setAttribute("class", `cursor ${line.getAttribute("class").replace("line", "")}`);
    this.cursor.setAttribute("cx", percent(this.x.share(x)));
    this.cursor.setAttribute("cy", this.down(y));
    this.say(`${line.dataset.name}\n${words}`, this.x.share(x), this.down(y));
  }

  spread(line, index) {
    const band = this.marks.find((mark) => mark.classList.contains("band") && mark.dataset.subject === line.dataset.subject);
    return band ? `, 5 to 95 %: ${text(band.values.below[index], "ns", 3)} to ${text(band.values.y[index], "ns", 3)}` : "";
  }

  show(mark) {
    this.unmark();
    this.at = { mark };
    mark.classList.add("active");
    const [start, end] = [mark.values.x[0], mark.values.x[mark.values.x.length - 1]].map((value) => Math.min(1, Math.max(0, this.x.share(value))));
    const y = mark.tagName === "circle" ? Number(mark.getAttribute("cy")) : Number(mark.getAttribute("y")) + 12;
    this.say(mark.hint, (start + end) / 2, y);
  }

  say(words, share, y) {
    this.tip.textContent = words;
    this.tip.hidden = false;
    const canvas = this.canvas.getBoundingClientRect(), field = this.field.getBoundingClientRect();
    const x = field.left - canvas.left + share * field.width;
    const wide = this.tip.offsetWidth, high = this.tip.offsetHeight;
    const left = x + 14 + wide > canvas.width ? x - 14 - wide : x + 14;
    this.tip.style.left = `${Math.max(0, Math.min(left, canvas.width - wide))}px`;
    const above = y - high - 2;
    this.tip.style.top = `${left < 0 && above < 0 ? y + 30 : Math.max(-8, above)}px`;
  }

  unmark() {
    for (const mark of this.box.querySelectorAll(".active")) mark.classList.remove("active");
    this.cursor.setAttribute("hidden", "");
  }

  hide() {
    this.unmark();
    this.tip.hidden = true;
    this.at = null;
  }

  press(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Escape") { if (this.zoom) this.zoomTo(null); else this.hide(); return; }
    if (event.key === "Enter" && this.kind === "boxes" && this.at) { this.zoomTo(this.at.mark); return; }
    if (!steps) return;
    event.preventDefault();
    if (this.kind === "curves") this.alongCurves(steps); else this.alongMarks(steps);
  }

  alongCurves([right, down]) {
    const lines = this.lines();
    if (!lines.length) return;
    if (!this.at || !this.at.line) { this.read(lines[0], Math.floor(lines[0].values.x.length / 2)); return; }
    const turn = (lines.indexOf(this.at.line) + down + lines.length) % lines.length;
    const last = lines[turn].values.x.length - 1;
    const along = down ? Math.round(this.at.index / Math.max(1, this.at.line.values.x.length - 1) * last) : this.at.index + right;
    this.read(lines[turn], Math.min(last, Math.max(0, along)));
  }

  alongMarks([right, down]) {
    const marks = this.hinted();
    if (!marks.length) return;
    if (!this.at || !this.at.mark) { this.show(marks[0]); return; }
    const now = this.at.mark, level = (mark) => Number(mark.dataset.level ?? mark.getAttribute("y") ?? 0);
    if (this.kind === "boxes") {
      const within = (mark) => level(mark) === level(now) + down && (down
        ? mark.values.x[0] <= now.values.x[0] + 1e-6 === down < 0 || Math.abs(mark.values.x[0] - now.values.x[0]) < 1e-6 : true);
      const row = marks.filter(within);
      if (down) { const next = down < 0 ? row.filter((mark) => mark.values.x[1] >= now.values.x[1] - 1e-6).pop() : row[0]; if (next) this.show(next); return; }
      const next = row[row.indexOf(now) + right];
      if (next) this.show(next);
      return;
    }
    this.show(marks[(marks.indexOf(now) + (right || down) + marks.length) % marks.length]);
  }
}
