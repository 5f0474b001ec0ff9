/* Arrow keys among cells that are drawn as they lie: the map of a building, and the cells that are picked to be assigned. */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The cell where this key leads, or null. From edge to edge, as a cell may span floors and doors: what lies wholly on that side, first of all what lies right beside it. */
export function beside(from, cells, key) {
  const way = WAYS[key];
  if (!way) return null;
  const fromBox = from.getBoundingClientRect();
  const between = (low, high, otherLow, otherHigh) => Math.max(0, otherLow - high, low - otherHigh);
  const far = (node) => {
    const box = node.getBoundingClientRect(), dx = between(fromBox.left, fromBox.right, box.left, box.right), dy = between(fromBox.top, fromBox.bottom, box.top, box.bottom);
    const beyond = way[0] > 0 ? box.left - fromBox.right : way[0] < 0 ? fromBox.left - box.right : way[1] > 0 ? box.top - fromBox.bottom : fromBox.top - box.bottom;
    return node === from || beyond < -1 ? Infinity : beyond + 3 * (way[0] ? dy : dx);
  };
  const [nearest] = [...cells].sort((a, b) => far(a) - far(b));
  return far(nearest) < Infinity ? nearest : null;
}
