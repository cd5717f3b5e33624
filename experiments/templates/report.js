"use strict";
// Tables are sorted by a click or by Enter on a heading: numbers as numbers, all else as words.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const text = row.cells[column].textContent.trim().replaceAll(",", "").replace("−", "-");
    return text === "" || isNaN(parseFloat(text)) ? text : parseFloat(text);
  };
  const compare = (a, b) =>
    typeof a === typeof b
      ? typeof a === "number" ? a - b : a.localeCompare(b)
      : typeof a === "number" ? -1 : 1;
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => compare(value(a, column), value(b, column)));
      body.append(...(down ? rows.reverse() : rows));
    });
  });
}

// Charts are drawn when they come near the window. Until then, on paper, and where a browser
// cannot unpack the library, the still picture stands in their place.
const charts = [...document.querySelectorAll(".chart")];
const figures = document.getElementById("figures")?.textContent ?? "{}";
const hidden = new Set(); // the titles that a legend has switched off, in all charts
let library;

async function unpacked() {
  const packed = Uint8Array.from(atob(document.getElementById("library").textContent.trim()),
    (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}

function coloured() {
  const style = getComputedStyle(document.documentElement);
  const colour = (variable) => JSON.stringify(style.getPropertyValue(variable).trim());
  return JSON.parse(figures.replaceAll('"$text"', colour("--text"))
    .replaceAll('"$line"', colour("--line")));
}

async function draw(chart) {
  library ??= unpacked();
  await library;
  const { data, layout } = coloured()[chart.id];
  for (const trace of data) trace.visible = !hidden.has(trace.name);
  layout.font.family = getComputedStyle(document.body).fontFamily;
  layout.uirevision = "zoom stays when it is drawn again";
  // A finger that moves over a chart scrolls the page; there the buttons zoom.
  layout.dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom";
  const place = chart.querySelector(".live");
  const names = layout.yaxis.categoryarray?.length ?? 0;
  place.style.height = `${Math.max(320, 110 + 34 * names)}px`;
  chart.classList.add("drawn");
  await Plotly.react(place, data, layout, {
    responsive: true,
    displaylogo: false,
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
  });
}

// Charts that stand together have one legend; a click hides a title in all charts of the page,
// a double click shows it alone.
function addLegend(group) {
  const all = JSON.parse(figures);
  const traces = [...group.querySelectorAll(".chart")].flatMap((chart) => all[chart.id].data);
  const looks = new Map(traces.filter((t) => t.name).map((t) => [t.name, t.marker]));
  if (looks.size < 2) return;
  const legend = document.createElement("div");
  legend.className = "legend";
  for (const [title, look] of looks) {
    const button = document.createElement("button");
    const mark = document.createElement("i");
    mark.textContent = { circle: "●", square: "■", diamond: "◆" }[look.symbol];
    mark.style.color = look.color === "$text" ? "inherit" : look.color;
    button.type = "button";
    button.dataset.title = title;
    button.setAttribute("aria-pressed", "true");
    button.append(mark, title);
    button.addEventListener("click", () => hidden.delete(title) || hidden.add(title));
    button.addEventListener("dblclick", () => {
      hidden.clear();
      for (const other of looks.keys()) if (other !== title) hidden.add(other);
    });
    for (const kind of ["click", "dblclick"]) button.addEventListener(kind, showChosen);
    legend.append(button);
  }
  group.before(legend);
}

function showChosen() {
  for (const button of document.querySelectorAll(".legend button"))
    button.setAttribute("aria-pressed", String(!hidden.has(button.dataset.title)));
  document.querySelectorAll(".chart.drawn").forEach(draw);
}

if (charts.length && "DecompressionStream" in window) {
  document.querySelectorAll(".charts").forEach(addLegend);
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "600px" });
  charts.forEach((chart) => near.observe(chart));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showChosen);
}
