// The page: draws the state of the translation and connects the controls.

import { copy } from "./copying.js";
import { number, offer, plural, t } from "./language.js";
import { Translator } from "./translator.js";
import { watch } from "./typing.js";

const $ = (id) => document.getElementById(id);
const source = $("source");
const output = $("output");
const button = $("copy");

let state = { busy: false };
let answer = null; // the last translation: {text, output, latency_ms}
let copied; // timer that takes the word "Copied" away

const translator = new Translator((next) => {
  if (next.answer) answer = { ...next.answer, text: next.text };
  state = next;
  draw();
});

const blank = () => source.value.trim() === "";

function draw() {
  const { busy, problem, left } = state;
  output.setAttribute("aria-busy", busy);
  output.dataset.hint = t(busy ? "translating" : "waiting");
  write(output, answer?.output ?? "");
  $("result").dataset.state = problem ? (problem.passing ? "passing" : "problem") : "";
  write($("alert"), problem && !problem.passing ? t(problem.kind) : "");
  write($("status"), problem?.passing ? t(problem.kind) : "");
  write($("countdown"), left === undefined ? "" : t("again", { n: number(left) }));
  write($("detail"), problem?.detail ?? "");
  $("retry").hidden = !problem || problem.kind === "long" || problem.kind === "invalid";
  write($("took"), answer ? took(answer.latency_ms) : "");
  write($("count"), plural("count", characters(source.value)));
  button.disabled = !answer?.output;
  $("clear").disabled = source.value === "";
  $("translate").disabled = blank();
}

/** Only a change is written: a screen reader shall not say the same thing twice. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Code points, as the service counts them. */
function characters(text) {
  return text.length - (text.match(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g)?.length ?? 0);
}

function took(ms) {
  if (typeof ms !== "number") return "";
  if (ms < 1000) return t("took_ms", { n: number(Math.round(ms)) });
  return t("took_s", { n: number(ms / 1000, { maximumFractionDigits: 1 }) });
}

function label(key) {
  button.dataset.t = key;
  button.textContent = t(key);
}

const ask = watch(source, {
  edited() {
    translator.supersede();
    if (blank()) {
      translator.stop();
      answer = null;
    }
    draw();
  },
  rested() {
    if (!blank() && source.value !== answer?.text) translator.run(source.value);
  },
  asked() {
    if (!blank()) translator.run(source.value);
  },
});

$("translate").addEventListener("click", ask);

$("retry").addEventListener("click", () => {
  output.focus({ preventScroll: true }); // the button is about to vanish under the focus
  ask();
});

$("clear").addEventListener("click", () => {
  source.focus();
  source.select();
  document.execCommand("delete"); // unlike setting the value, this can be undone
});

button.addEventListener("click", async () => {
  const done = await copy(output);
  label(done ? "copied" : "copy_by_hand");
  $("said").textContent = button.textContent;
  clearTimeout(copied);
  copied = setTimeout(() => {
    label("copy");
    $("said").textContent = "";
  }, 2000);
});

if (/^(Mac|iP)/.test(navigator.platform)) $("keys").textContent = "⌘ ↵";
offer($("language"), draw);
if (!blank()) ask(); // typed while the page was loading, or kept by the browser
