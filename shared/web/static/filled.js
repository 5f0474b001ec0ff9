/* A text with its facts, as languages.py fills it: `{n} {n|unit|units}` is `1 unit` and `1,708 units`. */
export const filled = (text, facts = {}) =>
  text.replace(/\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g, (_, fact, one, many) => {
    const printed = String(facts[fact] ?? "—");
    if (one === undefined) return printed;
    return printed === "1" ? one : many;
  });
