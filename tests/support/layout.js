/* What is wrong with how a page lies on its screen, one line each: text over text, text that is cut, a page wider than its screen.

   A text's box is where its letters are, not its line: as high as a capital or a Chinese character, about the middle of its line. */
(() => {
  const SLACK = 1, APART = 3, HALF_EM = 0.42;
  const found = [];
  const style = (node) => getComputedStyle(node);
  const words = (box) => `“${box.text.slice(0, 40)}” (${box.owner})`;
  const name = (node) => node.tagName.toLowerCase() + (node.id ? `#${node.id}` : "") + (node.getAttribute("class") ? `.${node.getAttribute("class").trim().replaceAll(/\s+/g, ".")}` : "");

  /* For screen readers only, or behind the skip link: nobody sees it. */
  const unseen = (node) => {
    for (let element = node; element; element = element.parentElement) {
      const { visibility, opacity, clipPath, position, display } = style(element);
      if (display === "none" || visibility !== "visible" || opacity === "0" || element.classList.contains("skip")) return true;
      if (position === "absolute" && (clipPath !== "none" || element.offsetWidth <= 1) && !(element instanceof SVGElement)) return true;
    }
    return false;
  };

  /* Out of sight in a part that scrolls: it covers nothing. */
  const scrolledAway = (owner, rect) => {
    for (let element = owner.parentElement; element && element !== document.body; element = element.parentElement) {
      if (!/auto|scroll/.test(style(element).overflowX + style(element).overflowY)) continue;
      const port = element.getBoundingClientRect();
      if (rect.bottom > port.bottom || rect.top < port.top || rect.right > port.right || rect.left < port.left) return true;
    }
    return false;
  };

  const boxes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const owner = node.parentElement, text = node.data.trim();
    if (!text || ["SCRIPT", "STYLE", "TITLE", "NOSCRIPT", "OPTION"].includes(owner.tagName.toUpperCase()) || unseen(owner)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const scale = owner.ownerSVGElement ? owner.getScreenCTM().a : 1;
    const half = Number.parseFloat(style(owner).fontSize) * scale * HALF_EM;
    for (const rect of range.getClientRects()) {
      const middle = (rect.top + rect.bottom) / 2;
      if (rect.width > 0 && !scrolledAway(owner, rect)) boxes.push({ node, owner: name(owner), element: owner, text, left: rect.left, right: rect.right, top: middle - half, bottom: middle + half });
    }
  }

  boxes.sort((a, b) => a.left - b.left);
  boxes.forEach((box, index) => {
    for (const other of boxes.slice(index + 1)) {
      if (other.left >= box.right - SLACK) break;
      if (other.node !== box.node && other.top < box.bottom - SLACK && other.bottom > box.top + SLACK) found.push(`overlap: ${words(box)} and ${words(other)}`);
    }
  });

  /* A text stays in its cell, and a little away from the text of the next one. */
  for (const box of boxes) {
    const cell = box.element.closest("td, th"), rect = cell?.getBoundingClientRect();
    if (cell && !box.element.closest("svg") && (box.left < rect.left - SLACK || box.right > rect.right + SLACK)) found.push(`spills: ${words(box)} out of its cell`);
  }
  const cell = (box) => { let node = box.element; while (node && !(node.parentElement && ["grid", "table-row"].includes(style(node.parentElement).display))) node = node.parentElement; return node; };
  const cells = boxes.map((box) => ({ ...box, cell: cell(box) })).filter((box) => box.cell);
  cells.forEach((box, index) => {
    for (const other of cells.slice(index + 1)) {
      if (other.left >= box.right + APART) break;
      if (other.cell !== box.cell && other.cell.parentElement === box.cell.parentElement && other.top < box.bottom - SLACK && other.bottom > box.top + SLACK && other.left > box.right - SLACK) found.push(`touches: ${words(box)} and ${words(other)}`);
    }
  });

  const cuts = (node, axis) => ["hidden", "clip"].includes(style(node)[`overflow${axis}`]);
  for (const node of document.body.querySelectorAll("*")) {
    if (node instanceof SVGElement || unseen(node) || !node.textContent.trim()) continue;
    if (cuts(node, "X") && node.scrollWidth > node.clientWidth + SLACK) found.push(`cut: ${name(node)} is ${node.scrollWidth} wide in ${node.clientWidth}`);
    if (cuts(node, "Y") && node.scrollHeight > node.clientHeight + SLACK) found.push(`cut: ${name(node)} is ${node.scrollHeight} high in ${node.clientHeight}`);
  }
  for (const box of boxes) {
    for (let node = box.element.parentElement; node && node !== document.body; node = node.parentElement) {
      const rect = node.getBoundingClientRect();
      const out = (cuts(node, "X") && (box.left < rect.left - SLACK || box.right > rect.right + SLACK)) || (cuts(node, "Y") && (box.top < rect.top - SLACK || box.bottom > rect.bottom + SLACK));
      if (out) { found.push(`cut: ${words(box)} by ${name(node)}`); break; }
    }
    const scrolls = (() => { for (let node = box.element; node; node = node.parentElement) if (/auto|scroll/.test(style(node).overflowX)) return true; return false; })();
    if (!scrolls && (box.left < -SLACK || box.right > innerWidth + SLACK)) found.push(`off the page: ${words(box)}`);
  }

  const page = document.documentElement;
  if (page.scrollWidth > innerWidth + SLACK) found.push(`the page is ${page.scrollWidth} wide on a screen of ${innerWidth}`);
  if (style(page).overflowY === "hidden" && Math.max(page.scrollHeight, document.body.scrollHeight) > innerHeight + SLACK)
    found.push(`the page is ${Math.max(page.scrollHeight, document.body.scrollHeight)} high on a screen of ${innerHeight}`);
  return found;
})()
