// One request to the service, and the ways in which it can fail.

const LONGEST = 60_000; // ms until a request without an answer counts as slow

/**
 * The outcome of a request: `{answer: {input, output, latency_ms}}`, or `{problem}` with
 *   kind     key of the text that says what is wrong,
 *   passing  true if a later try is likely to succeed,
 *   detail   the service's own sentence, if it helps the visitor,
 *   seconds  the wait that the service asks for, if it does.
 * Once `signal` is aborted the outcome means nothing.
 */
export async function translate(text, signal) {
  try {
    const response = await fetch("translate", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text }),
      cache: "no-store",
      signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]),
    });
    const answer = parsed(await response.text());
    if (response.ok && typeof answer?.output === "string") return { answer };
    return { problem: problem(response, answer) };
  } catch (error) {
    return { problem: error.name === "TimeoutError" ? { kind: "slow" } : { kind: "restarting", passing: true } };
  }
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null; // not from the service itself: from a proxy, or from Ray while the service is down
  }
}

function problem({ status, headers }, answer) {
  const detail = typeof answer?.error === "string" ? answer.error : "";
  const seconds = retryAfter(headers.get("Retry-After"));
  if (status === 413) return { kind: "long", detail };
  if (status === 408) return { kind: "slow" };
  if (status >= 500 && answer === null) return { kind: "restarting", passing: true, seconds };
  if (status === 503 || status === 429) return { kind: "busy", passing: true, seconds };
  if (status >= 400 && status < 500) return { kind: "invalid", detail };
  return { kind: "failed" };
}

/** Seconds from a Retry-After header, which holds either seconds or a date. */
function retryAfter(value) {
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.ceil(seconds) : undefined;
}
