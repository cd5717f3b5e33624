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
const charts = document.querySelectorAll(".chart");
const figures = document.getElementById("figures")?.textContent;
let library;

async function unpacked() {
  const packed = Uint8Array.from(atob(document.getElementById("library").textContent.trim()),
    (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}

function figureOf(name) {
  const style = getComputedStyle(document.documentElement);
  const colour = (variable) => JSON.stringify(style.getPropertyValue(variable).trim());
  const figure = JSON.parse(figures.replaceAll('"$text"', colour("--text"))
    .replaceAll('"$line"', colour("--line")))[name];
  figure.layout.hoverlabel.font = { family: "inherit" };
  figure.layout.font.family = getComputedStyle(document.body).fontFamily;
  return figure;
}

async function draw(chart) {
  library ??= unpacked();
  await library;
  const figure = figureOf(chart.id);
  const place = chart.querySelector(".live");
  chart.classList.add("drawn");
  const legend = new Set(figure.data.filter((t) => t.showlegend).map((t) => t.name));
  const perLine = Math.max(1, Math.floor(place.clientWidth / 170));
  const lines = figure.layout.showlegend ? Math.ceil(legend.size / perLine) : 0;
  const rows = figure.layout.yaxis.categoryarray?.length ?? 0;
  place.style.height = `${Math.max(300, 110 + 34 * rows) + 20 * lines}px`;
  // A finger that moves over a chart scrolls the page; there the buttons zoom.
  figure.layout.dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom";
  await Plotly.react(place, figure.data, figure.layout, {
    responsive: true,
    displaylogo: false,
    modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"],
  });
}

if (charts.length && "DecompressionStream" in window) {
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "600px" });
  charts.forEach((chart) => near.observe(chart));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.querySelectorAll(".chart.drawn").forEach(draw);
  });
}
