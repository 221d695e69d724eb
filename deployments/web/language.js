// The page's own language: Chinese or English, by the browser's preference until the visitor chooses.

const KEY = "language";
const NAMES = { zh: "中文", en: "English" };
const words = Object.fromEntries(
  await Promise.all(
    Object.keys(NAMES).map(async (name) => {
      const reply = await fetch(new URL(`${name}.json`, import.meta.url));
      return [name, await reply.json()];
    }),
  ),
);
let current = remembered() ?? (/^zh\b/i.test(navigator.language) ? "zh" : "en");

function remembered() {
  try {
    const name = localStorage.getItem(KEY);
    return Object.hasOwn(NAMES, name) ? name : null;
  } catch {
    return null; // storage is forbidden: the choice lasts as long as the page
  }
}

export function t(key, values = {}) {
  return words[current][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** `t` of the plural form that the number takes; the text shows it with the language's separators. */
export function plural(key, n) {
  const form = new Intl.PluralRules(current).select(n);
  return t(`${key}_${form}`, { n: number(n) });
}

export function number(n, options = {}) {
  return new Intl.NumberFormat(current, options).format(n);
}

export function apply() {
  document.documentElement.lang = current === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-placeholder]")) {
    element.placeholder = t(element.dataset.tPlaceholder);
  }
}

/** Make `button` switch to the other language; `changed` redraws what `apply` does not know of. */
export function offer(button, changed) {
  const draw = () => {
    const other = current === "zh" ? "en" : "zh";
    apply();
    button.lang = other;
    button.textContent = NAMES[other];
    changed();
  };
  button.addEventListener("click", () => {
    current = button.lang;
    try {
      localStorage.setItem(KEY, current);
    } catch {
      // as above
    }
    draw();
  });
  draw();
}
