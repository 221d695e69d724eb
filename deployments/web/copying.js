// Copying an element's text, also where the browser has no clipboard API (plain HTTP from another host).

/** True if the text is on the clipboard; if not, it is left selected for the visitor to copy. */
export async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return document.execCommand("copy");
  }
}
