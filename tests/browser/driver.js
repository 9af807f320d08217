// Put into every page of the browser tests: what a person sees of an explorer, and when it last changed.
window.xrdlib = (() => {
  const KINDS = {
    "widget-hslider": "slider",
    "widget-dropdown": "dropdown",
    "widget-toggle-buttons": "toggles",
    "widget-select-multiple": "list",
    "widget-checkbox": "checkbox",
    "widget-button": "button",
  };
  const SELECTOR = Object.keys(KINDS).map((name) => `.${name}`).join(",");
  // ipywidgets writes spaces of options that do not break, and a minus that no number has
  const plain = (words) => words.replaceAll("\u00a0", " ").replaceAll("\u2212", "-").trim();
  const text = (element) => (element ? plain(element.textContent) : "");

  const controls = (root) => {
    const found = [...root.querySelectorAll(SELECTOR)].filter((e) => !e.parentElement.closest(".widget-toggle-buttons"));
    found.forEach((element) => element.classList.add("xrdlib-control"));
    return found;
  };

  const describe = (element) => {
    const kind = KINDS[Object.keys(KINDS).find((name) => element.classList.contains(name))];
    const options = [...element.querySelectorAll("option")];
    const buttons = [...element.querySelectorAll("button")];
    const label = ["button", "checkbox"].includes(kind) ? text(element) : text(element.querySelector(".widget-label"));
    const chosen = options.filter((option) => option.selected).map(text);
    const value = {
      slider: () => text(element.querySelector(".widget-readout")),
      dropdown: () => chosen[0],
      list: () => chosen,
      toggles: () => text(buttons.find((button) => button.classList.contains("mod-active"))),
      checkbox: () => element.querySelector("input").checked,
      button: () => "",
    }[kind]();
    const choices = { dropdown: options, list: options, toggles: buttons }[kind] || [];
    const handle = element.querySelector(".noUi-handle");
    const at = (name) => Number(handle.getAttribute(`aria-value${name}`));
    const place = handle ? (at("now") - at("min")) / (at("max") - at("min")) : null;
    return { label: label || kind, kind, value, choices: choices.map(text), place };
  };

  const picture = async (image) => {
    const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  const images = (root) => [...root.querySelectorAll("img")];
  const readout = (root) => root.lastElementChild;

  // what is off the screen is not laid out, and has no text: scroll there, as often as cells above move it away
  const read = async (element) => {
    for (let i = 0; i < 50 && !element.innerText && text(element); i++) {
      element.scrollIntoView({ block: "nearest" });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return plain(element.innerText);
  };

  const look = async (root) => {
    for (;;) {
      try {
        const pictures = await Promise.all(images(root).map(picture));
        return { controls: controls(root).map(describe), pictures, readout: await read(readout(root)) };
      } catch (error) {
        // the picture was replaced while it was read: its address is gone
        if (!(error instanceof TypeError)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };

  let first = null;
  let last = 0;
  const begin = () => { if (first === null) first = performance.now(); };
  const touch = () => { last = performance.now(); };
  const watch = (root) => {
    first = null;
    last = performance.now();
    if (root.dataset.watched) return;
    root.dataset.watched = "yes";
    for (const kind of ["pointerdown", "keydown", "change"]) root.addEventListener(kind, begin, true);
    for (const image of images(root)) image.addEventListener("load", touch);
    new MutationObserver(touch).observe(readout(root), { childList: true, subtree: true, characterData: true });
  };
  const seconds = () => (last - first) / 1000;
  const still = () => performance.now() - last > 150;

  const misfits = (root) => {
    const found = [];
    const wide = (element) => element.scrollWidth > element.clientWidth + 1;
    for (const element of root.querySelectorAll(".widget-label, .widget-readout, button")) {
      if (element.scrollWidth > element.clientWidth) found.push(`cut off: ${text(element)}`);
    }
    for (let element = root; element && element !== document.body; element = element.parentElement) {
      if (getComputedStyle(element).overflowX !== "visible" && wide(element)) found.push(`scrolls: ${element.className}`);
    }
    for (const image of images(root)) {
      const [width, height] = [image.clientWidth, image.clientHeight];
      const ratio = (width / height) / (image.naturalWidth / image.naturalHeight);
      if (width < 0.9 * image.naturalWidth || Math.abs(ratio - 1) > 0.02) {
        found.push(`picture of ${image.naturalWidth} x ${image.naturalHeight} shown as ${width} x ${height}`);
      }
    }
    return found;
  };

  return { look, watch, seconds, still, misfits };
})();
