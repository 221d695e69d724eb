// The translation of the newest text: one request at a time, tried again where that can help.

import { translate } from "./client.js";

const WAITS = [1, 2, 3, 5, 8, 13]; // seconds before each further try; after the last, only by hand
const LONGEST_WAIT = 60; // seconds, whatever Retry-After says

export class Translator {
  #show;
  #controller = new AbortController();
  #requesting = false;
  #last = false;

  /**
   * `show` draws a state: `busy` while a request is under way, `answer` with its `text`, `problem`
   * (see client.js), and `left`, the seconds until the next try.
   */
  constructor(show) {
    this.#show = show;
  }

  async run(text) {
    this.#controller.abort();
    const { signal } = (this.#controller = new AbortController());
    this.#last = false;
    let problem;
    for (const wait of [...WAITS, null]) {
      this.#requesting = true;
      this.#show({ busy: true, problem });
      const outcome = await translate(text, signal);
      if (signal.aborted) return;
      this.#requesting = false;
      if (outcome.answer) return this.#show({ busy: false, answer: outcome.answer, text });
      if (this.#last) return this.#show({ busy: false });
      problem = outcome.problem;
      if (!problem.passing || wait === null) break;
      await this.#countDown(Math.min(Math.max(problem.seconds ?? wait, 1), LONGEST_WAIT), problem, signal);
      if (signal.aborted) return;
    }
    if (problem.kind === "restarting") problem = { kind: "silent" };
    this.#show({ busy: false, problem });
  }

  /** A newer text is on its way: a request under way may still answer, but no other follows it. */
  supersede() {
    this.#last = true;
    if (!this.#requesting) this.stop();
  }

  stop() {
    this.#controller.abort();
    this.#requesting = false;
    this.#show({ busy: false });
  }

  async #countDown(seconds, problem, signal) {
    for (let left = seconds; left > 0 && !signal.aborted; left--) {
      this.#show({ busy: false, problem, left });
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, 1000);
        signal.addEventListener("abort", () => resolve(clearTimeout(timer)), { once: true });
      });
    }
  }
}
