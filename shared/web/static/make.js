/** A new element with its text and attributes. */
export function make(name, content = "", attributes = {}) {
  const node = Object.assign(document.createElement(name), { textContent: content });
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
