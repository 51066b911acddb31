// The page around the plots: legends that hide subjects, tables that sort, the colours.
const toggle = (subject) => {
  if (!hidden.delete(subject)) hidden.add(subject);
  for (const entry of document.querySelectorAll(".legend button"))
    entry.setAttribute("aria-pressed", String(!hidden.has(entry.dataset.subject)));
  for (const plot of plots) plot.refit();
};

const asButton = (element) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = element.className;
  Object.assign(button.dataset, element.dataset);
  button.append(...element.childNodes);
  element.replaceWith(button);
  return button;
};

for (const entry of document.querySelectorAll(".legend .entry[data-subject]")) {
  const button = asButton(entry);
  button.setAttribute("aria-pressed", "true");
  button.title = "Hide or show it in every plot";
  button.addEventListener("click", () => toggle(button.dataset.subject));
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => (column ? Number(row.cells[column].dataset.order ?? NaN) : row.cells[0].textContent);
      const rows = [...body.rows].sort((one, other) => {
        const a = key(one), b = key(other);
        if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
        return (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1);
      });
      body.append(...rows);
    });
  });
}

const header = document.querySelector("header.bench");
if (header) {
  const schemes = ["auto", "light", "dark"], button = document.createElement("button");
  const rules = [];
  for (const sheet of document.styleSheets)
    for (const rule of sheet.cssRules)
      if (rule instanceof CSSMediaRule && rule.media.mediaText.includes("prefers-color-scheme")) rules.push([rule, rule.media.mediaText]);
  let scheme = 0;
  const dress = () => {
    const name = schemes[scheme];
    button.textContent = `Colours: ${name}`;
    document.documentElement.style.colorScheme = name === "auto" ? "" : name;
    // The sheet says once what is dark; this says when. Paper stays light: its rules come last.
    for (const [rule, media] of rules) rule.media.mediaText = { auto: media, light: "not all", dark: "all" }[name];
  };
  button.type = "button";
  button.className = "theme";
  button.addEventListener("click", () => { scheme = (scheme + 1) % schemes.length; dress(); });
  header.prepend(button);
  dress();
}

for (const figure of document.querySelectorAll(".plot")) {
  const plot = new Plot(figure);
  plots.push(plot);
  plot.refit();
}
let waiting = 0;
addEventListener("resize", () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => plots.forEach((plot) => plot.draw()));
});
