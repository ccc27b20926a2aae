"use strict";
// Pictures beside each other that zoom and move as one, and the values under the pointer.

const MOST = 64; // times as large
const ARRAYS = {
  int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array,
  int32: Int32Array, uint32: Uint32Array, float32: Float32Array, float64: Float64Array,
};

function view(section) {
  const panes = [...section.querySelectorAll(".pane")];
  const readout = section.querySelector(".readout");
  const zoomed = section.querySelector(".zoom");
  const slider = section.querySelector("input[type=range]");
  const toggle = section.querySelector("[data-do=difference]");
  const sides = panes.map((pane) => ({
    pane,
    picture: pane.querySelector(".picture"),
    images: [...pane.querySelectorAll("img")],
    cross: pane.querySelector(".cross"),
    frame: Number(pane.dataset.frame),
    values: null,
  }));
  // Where the left upper corner of the picture is, in panes, and how many times as large it is.
  let x = 0, y = 0, scale = 1;

  function show() {
    scale = Math.min(MOST, Math.max(1, scale));
    x = Math.min(0, Math.max(1 - scale, x));
    y = Math.min(0, Math.max(1 - scale, y));
    for (const side of sides) {
      side.picture.style.transform =
        `translate(${(x * 100).toFixed(4)}%, ${(y * 100).toFixed(4)}%) scale(${scale.toFixed(6)})`;
      side.pane.classList.toggle("zoomed", scale > 1);
      side.cross.hidden = true;
    }
    zoomed.textContent = `${Math.round(scale * 100)} %`;
  }

  function zoom(factor, atX = 0.5, atY = 0.5) {
    const next = Math.min(MOST, Math.max(1, scale * factor));
    x = atX - (atX - x) * (next / scale);
    y = atY - (atY - y) * (next / scale);
    scale = next;
    show();
  }

  function move(byX, byY) {
    x += byX;
    y += byY;
    show();
  }

  function reset() {
    x = y = 0;
    scale = 1;
    show();
  }

  // Where in a pane something is, as parts of it.
  function within(pane, event) {
    const box = pane.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  // Where in a picture a place of its pane is, as parts of the picture: it has room at two sides.
  function inPicture(side, atX, atY) {
    const box = side.pane.getBoundingClientRect();
    const image = side.images[side.frame];
    const fit = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
    const partX = (image.naturalWidth * fit) / box.width;
    const partY = (image.naturalHeight * fit) / box.height;
    return [((atX - x) / scale - (1 - partX) / 2) / partX,
      ((atY - y) / scale - (1 - partY) / 2) / partY];
  }

  function read(atX, atY) {
    const found = [];
    for (const side of sides) {
      if (side.pane.closest("[hidden]") || !side.values) continue;
      const [partX, partY] = inPicture(side, atX, atY);
      const { data, rows, columns, channels } = side.values;
      const column = Math.floor(partX * columns), row = Math.floor(partY * rows);
      if (column < 0 || row < 0 || column >= columns || row >= rows) continue;
      const at = ((side.frame * rows + row) * columns + column) * channels;
      const values = [...data.subarray(at, at + channels)].map(number).join(" ");
      found.push({ place: `column ${column}, row ${row}`, title: side.pane.dataset.title,
        value: values + side.pane.dataset.unit });
    }
    const places = new Set(found.map(({ place }) => place));
    const words = found.map(({ place, title, value }) =>
      `${title}: ${value}${places.size > 1 ? ` (${place})` : ""}`);
    if (places.size === 1) words.unshift(found[0].place);
    readout.textContent = words.join("\u2003") || "\u00a0";
  }

  function point(pane, event) {
    const [atX, atY] = within(pane, event);
    for (const side of sides) {
      side.cross.hidden = side.pane === pane;
      side.cross.style.left = `${atX * 100}%`;
      side.cross.style.top = `${atY * 100}%`;
    }
    read(atX, atY);
  }

  function unpoint() {
    for (const side of sides) side.cross.hidden = true;
  }

  const fingers = new Map();
  for (const { pane } of sides) {
    pane.addEventListener("wheel", (event) => {
      if (event.deltaY > 0 && scale === 1) return; // the page moves
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      zoom(Math.exp(-event.deltaY * lines * 0.002), ...within(pane, event));
      point(pane, event);
    }, { passive: false });
    pane.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      fingers.set(event.pointerId, event);
      if (event.pointerType !== "touch" || scale > 1) pane.setPointerCapture(event.pointerId);
      point(pane, event);
    });
    pane.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return point(pane, event);
      const box = pane.getBoundingClientRect();
      if (fingers.size === 2) {
        const [other] = [...fingers.values()].filter((one) => one.pointerId !== event.pointerId);
        const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
        const middle = { clientX: (event.clientX + other.clientX) / 2,
          clientY: (event.clientY + other.clientY) / 2 };
        if (apart(before)) zoom(apart(event) / apart(before), ...within(pane, middle));
        move((event.clientX - before.clientX) / 2 / box.width,
          (event.clientY - before.clientY) / 2 / box.height);
      } else {
        move((event.clientX - before.clientX) / box.width,
          (event.clientY - before.clientY) / box.height);
      }
      fingers.set(event.pointerId, event);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      pane.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
    pane.addEventListener("pointerleave", unpoint);
    pane.addEventListener("keydown", (event) => {
      const does = KEYS[event.key];
      if (!does || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      does();
      read(0.5, 0.5);
    });
  }
  const KEYS = {
    "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: reset,
    ArrowLeft: () => move(0.1, 0), ArrowRight: () => move(-0.1, 0),
    ArrowUp: () => move(0, 0.1), ArrowDown: () => move(0, -0.1),
  };
  const DO = {
    in: () => zoom(1.25), out: () => zoom(0.8), fit: reset,
    difference: () => {
      const figure = section.querySelector(".difference");
      figure.hidden = !figure.hidden;
      toggle.setAttribute("aria-pressed", String(!figure.hidden));
      section.querySelector(".panes").classList.toggle("three", !figure.hidden);
    },
  };
  for (const button of section.querySelectorAll("[data-do]")) {
    button.addEventListener("click", DO[button.dataset.do]);
  }
  if (slider) {
    slider.addEventListener("input", () => {
      for (const side of sides) {
        side.frame = Number(slider.value) - 1;
        side.images.forEach((image, index) => { image.hidden = index !== side.frame; });
      }
      section.querySelector(".frame").textContent = `${slider.value} of ${slider.max}`;
      read(0.5, 0.5);
    });
  }
  // The shape of the wider picture, so that both have room.
  const shapes = sides.map(({ images: [image] }) =>
    image.getAttribute("width") / image.getAttribute("height"));
  section.style.setProperty("--shape", Math.min(2.5, Math.max(0.4, ...shapes)));
  sides.forEach(async (side) => {
    const script = side.pane.parentElement.querySelector("script.values");
    if (!script) return;
    side.values = await unpacked(script);
    side.pane.classList.add("readable");
  });
  show();
}

// The values of an image: deflated and in base64, in the order in which they lie in memory.
async function unpacked(script) {
  const bytes = Uint8Array.from(atob(script.textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  const { dtype, rows, columns, channels } = script.dataset;
  return { data: new ARRAYS[dtype](buffer), rows: +rows, columns: +columns, channels: +channels };
}

function number(value) {
  return Number.isInteger(value) ? String(value).replace("-", "−")
    : String(Number(value.toPrecision(6))).replace("-", "−");
}

for (const section of document.querySelectorAll("main .viewer")) view(section);

// Of a collection, each pair opens in a dialog of its own.
const dialog = document.querySelector("dialog");
if (dialog) {
  const cards = [...document.querySelectorAll("button.pair")];
  let current = 0;

  function open(index) {
    current = index;
    const card = cards[index];
    const content = card.parentElement.querySelector("template").content.cloneNode(true);
    // Where the picture is the thumbnail, it is in the page once.
    const small = card.querySelectorAll("img");
    content.querySelectorAll("img:not([src])").forEach((image, at) => { image.src = small[at].src; });
    dialog.querySelector(".content").replaceChildren(content);
    dialog.querySelector("[data-go='-1']").disabled = index === 0;
    dialog.querySelector("[data-go='1']").disabled = index === cards.length - 1;
    dialog.querySelector(".count").textContent = `${index + 1} of ${cards.length}`;
    if (!dialog.open) dialog.showModal();
    view(dialog.querySelector(".viewer"));
  }

  cards.forEach((card, index) => card.addEventListener("click", () => open(index)));
  for (const button of dialog.querySelectorAll("[data-go]")) {
    button.addEventListener("click", () => open(current + Number(button.dataset.go)));
  }
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    dialog.querySelector(".content").replaceChildren();
    cards[current].focus();
  });
}
