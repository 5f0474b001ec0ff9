/* The browser's copy of shared/events/threshold.py and domain/rates.py: tests/unit/reporting/test_rules_of_the_browser.py holds it to them. */

/** The rate in hundredths of a percent, cut: 9490 is 94.90 %. Null where the roll is unknown or empty. */
export const cut = (numerator, denominator) => (denominator ? Math.floor((numerator * 10000) / denominator) : null);

export const printed = (hundredths) => `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, "0")}`;

const SCALES = [[9400, 9600], [9000, 10000]];

/** The narrowest of 0-100, 90-100 and 94-96 percent that holds every rate and threshold, in hundredths of a percent. */
export function scale(bases) {
  const rates = bases.map((basis) => cut(basis.numerator, basis.denominator)).filter((rate) => rate !== null);
  const places = [...rates, ...bases.filter((basis) => basis.required).map((basis) => basis.percent * 100)];
  return SCALES.find(([low, high]) => rates.length && places.every((place) => place >= low && place <= high)) ?? [0, 10000];
}
