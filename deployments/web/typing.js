// When a text is ready to be translated: after a pause, or on request, and never in the middle of a composition.

const PAUSE = 350; // ms without a keystroke

/**
 * Watch a text field. `edited` is called at every change, `rested` after a pause, `asked` for the
 * shortcut. Returns a function that does what the shortcut does.
 */
export function watch(field, { edited, rested, asked }) {
  let composing = false;
  let timer;

  const wait = () => {
    clearTimeout(timer);
    if (!composing) timer = setTimeout(rested, PAUSE);
  };
  const ask = () => {
    if (composing) return; // its end starts a pause anyway
    clearTimeout(timer);
    asked();
  };

  field.addEventListener("compositionstart", () => {
    composing = true;
    clearTimeout(timer);
    edited();
  });
  field.addEventListener("compositionend", () => {
    composing = false;
    wait();
  });
  field.addEventListener("input", (event) => {
    composing = event.isComposing === true;
    edited();
    wait();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    if (event.keyCode === 229) return; // Safari: the key that ended a composition, told after the end
    event.preventDefault();
    ask();
  });
  return ask;
}
