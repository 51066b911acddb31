"use strict";
// Numbers and scales, as reporting/quantities.py and reporting/drawing.py have them.
const TAIL = 0.999;

const plain = (value, digits) => {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const places = digits - 1 - Math.floor(Math.log10(Math.abs(value)));
  const rounded = Number(value.toPrecision(digits));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: Math.max(0, Math.min(12, places)),
    minimumFractionDigits: Math.max(0, Math.min(12, digits - 1 - Math.floor(Math.log10(Math.abs(rounded))))) });
};
const trimmed = (value) => String(Number(value.toPrecision(4)));
const UNITS = {
  ns: [[1e3, "ns"], [1e6, "\u00b5s"], [1e9, "ms"], [Infinity, "s"]],
  bytes: [[1e3, "B"], [1e6, "kB"], [1e9, "MB"], [Infinity, "GB"]],
};
const text = (value, unit, digits) => {
  if (value === 0 && unit !== "share") return "0";
  const figure = (number) => (digits ? plain(number, digits) : number.toLocaleString("en-US", { maximumSignificantDigits: 4 }));
  if (unit === "share") return `${trimmed(100 * value)} %`;
  if (unit === "s") return `${figure(value)} s`;
  if (!(unit in UNITS)) return figure(value);
  let divisor = 1;
  for (const [limit, name] of UNITS[unit]) {
    if (value < limit * 0.9995 || limit === Infinity) return `${figure(value / divisor)} ${name}`;
    divisor = limit;
  }
  return figure(value);
};

const rounds = (low, high) => {
  const found = [];
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)) + 1; power += 1)
    for (const factor of [1, 2, 5]) {
      const value = Number(`${factor}e${power}`);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) found.push(value);
    }
  return found;
};
class Scale {
  constructor(low, high, unit, log, tail = false) { Object.assign(this, { low, high, unit, log, tail }); }
  share(value) {
    if (this.tail) return value >= TAIL ? 1 : Math.log10(1 - value) / Math.log10(1 - TAIL);
    if (!this.log) return (value - this.low) / (this.high - this.low);
    return Math.log(Math.max(value, this.low / 10) / this.low) / Math.log(this.high / this.low);
  }
  fitted(values, from0) {
    let low = Math.min(...values), high = Math.max(...values);
    if (!Number.isFinite(low)) return this;
    if (this.log) {
      low = Math.max(low, 1e-9); high = Math.max(high, low);
      const start = rounds(low / 10, low).pop(), end = rounds(high, high * 10).find((value) => value > low);
      return new Scale(start, end, this.unit, true);
    }
    const room = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
    return from0 ? new Scale(0, high * 1.001, this.unit, false) : new Scale(low - room, high + room, this.unit, false);
  }
  ticks(wanted) {
    if (this.tail) return [0, 0.5, 0.9, 0.99, TAIL];
    if (this.log) {
      const all = rounds(this.low, this.high), decades = all.filter((value) => value.toExponential().startsWith("1"));
      if (all.length <= wanted || decades.length < 2) return all;
      const step = Math.ceil(decades.length / wanted);
      return decades.filter((_, index) => index % step === 0);
    }
    const raw = (this.high - this.low) / wanted, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw * 0.99);
    const found = [];
    for (let index = Math.ceil(this.low / step - 1e-9); index <= this.high / step + 1e-9; index += 1)
      found.push(Number((index * step).toPrecision(12)));
    return found;
  }
}

