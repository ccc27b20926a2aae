"use strict";
// Tables that sort, filter and turn pages, and charts that change their axis.

const PAGE = 15; // rows, as rows.py has it
const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";
const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const COLLATOR = new Intl.Collator("en", { numeric: true });
const block = JSON.parse(document.getElementById("rows").textContent);

function grouped(digits) {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

// As formats.py has it.
function number(value) {
  const negative = typeof value === "string" ? value[0] === "-" : value < 0;
  const sign = negative ? "−" : "";
  if (typeof value === "string") return sign + grouped(value.replace("-", ""));
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 2 ** 53) return sign + grouped(String(size));
  if (size >= 1e6 || size < 1e-3) {
    const [mantissa, exponent] = size.toExponential(3).split("e");
    return `${sign}${mantissa} × 10${[...String(Number(exponent))].map((one) => SUPERSCRIPTS[one]).join("")}`;
  }
  const digits = size >= 1000 ? size.toFixed(0) : size.toPrecision(4);
  return sign + (digits.includes(".") ? digits : grouped(digits));
}

function share(value) {
  const [whole, part] = (Math.abs(value) * 100).toFixed(1).split(".");
  return `${value < 0 ? "−" : ""}${grouped(whole)}.${part} %`;
}

function spark(letters) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", `0 0 ${Math.max(1, 3 * letters.length - 1)} 36`);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("preserveAspectRatio", "none");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", [...letters].map((letter, place) => (letter === "0" ? ""
    : `M${place * 3} 36V${36 - LETTERS.indexOf(letter)}h2V36z`)).join(""));
  svg.append(path);
  return svg;
}

function bdi(text, isName) {
  const element = document.createElement("bdi");
  element.textContent = text;
  if (isName || text.length > 160) {
    element.className = isName ? "name" : "long";
    element.title = text;
  }
  return element;
}

function table(section) {
  const { columns, names, cells } = block.tables[Number(section.dataset.table)];
  const values = [names.map((place) => block.names[place]), ...cells.map((cell) => (Array.isArray(cell)
    ? cell : cell.places.map((place) => (place === null ? null : cell.texts[place]))))];
  const kinds = ["name", ...columns];
  const body = section.querySelector("tbody");
  const heads = [...section.querySelectorAll("thead th")];
  const filter = section.querySelector("input");
  const status = section.querySelector(".shown");
  const pager = section.querySelector(".pager");
  const all = names.map((_, row) => row);
  let order = all, found = all, first = 0, sorted = 0, direction = 1;
  let haystack = null;

  function cell(kind, value, row) {
    const element = document.createElement(kind === "name" ? "th" : "td");
    if (kind === "name") element.scope = "row";
    if (kind === "number" || kind === "share") element.className = "n";
    if (value === null) element.textContent = kind === "spark" ? "" : "–";
    else if (kind === "number") element.textContent = number(value);
    else if (kind === "share") element.textContent = share(value);
    else if (kind === "spark") element.append(spark(value));
    else element.append(bdi(value, kind === "name"));
    return element;
  }

  function draw() {
    body.replaceChildren(...found.slice(first, first + PAGE).map((row) => {
      const line = document.createElement("tr");
      line.append(...kinds.map((kind, place) => cell(kind, values[place][row])));
      return line;
    }));
    const last = Math.min(first + PAGE, found.length);
    const of = found.length === all.length ? "" : ` (of ${grouped(String(all.length))})`;
    status.textContent = found.length
      ? `${grouped(String(first + 1))}–${grouped(String(last))} of ${grouped(String(found.length))}${of}`
      : `nothing found${of}`;
    pager.hidden = found.length <= PAGE;
    for (const button of pager.querySelectorAll("button")) {
      const back = button.dataset.to === "first" || button.dataset.to === "previous";
      button.disabled = back ? first === 0 : first + PAGE >= found.length;
    }
  }

  function sort(place) {
    direction = place === sorted ? -direction : 1;
    sorted = place;
    const column = values[place];
    const isText = kinds[place] === "text" || kinds[place] === "name";
    const compare = isText ? COLLATOR.compare : (one, other) => one - other;
    order = [...all].sort((one, other) => {
      const [a, b] = [column[one], column[other]];
      if (a === null || b === null) return (a === null) - (b === null); // what is missing is last
      return direction * compare(a, b) || one - other;
    });
    heads.forEach((head, at) => {
      if (at === place) head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    narrow();
  }

  function narrow() {
    const wanted = filter.value.trim().toLowerCase();
    if (wanted && !haystack) {
      const texts = values.filter((_, place) => kinds[place] === "text" || kinds[place] === "name");
      haystack = all.map((row) => texts.map((column) => column[row] ?? "").join("\n").toLowerCase());
    }
    found = wanted ? order.filter((row) => haystack[row].includes(wanted)) : order;
    first = 0;
    draw();
  }

  heads.forEach((head, place) => {
    if ("fixed" in head.dataset) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(place));
  });
  heads[0].setAttribute("aria-sort", "ascending");
  filter.addEventListener("input", narrow);
  pager.addEventListener("click", ({ target }) => {
    const last = Math.max(0, Math.ceil(found.length / PAGE) - 1) * PAGE;
    const to = { first: 0, previous: first - PAGE, next: first + PAGE, last }[target.dataset.to];
    if (to === undefined) return;
    first = Math.min(last, Math.max(0, to));
    draw();
  });
  section.querySelector(".tools").hidden = all.length < 2;
  draw();
}

for (const section of document.querySelectorAll(".rows")) table(section);

for (const button of document.querySelectorAll(".to-log")) {
  button.parentElement.hidden = false;
  button.addEventListener("click", () => {
    const isLog = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(isLog));
    const plots = button.parentElement.nextElementSibling;
    for (const plot of plots.querySelectorAll(".linear, .log")) {
      plot.hidden = plot.classList.contains("log") !== isLog;
    }
  });
}
