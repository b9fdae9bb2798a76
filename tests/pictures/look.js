// Runs in a browser, in a page that holds a picture: measures what was drawn, and leaves what is wrong in the page's title.
// Texts must fit into their boxes, boxes must not lie on each other, and lines must end at boxes.
addEventListener("load", () => {
  const wrong = [];
  const boxes = [...document.querySelectorAll("svg > g")].map((g) => ({ g, box: g.querySelector("rect").getBoundingClientRect() }));
  const page = document.querySelector("svg").getBoundingClientRect();
  const lies = (a, b, slack) => a.left >= b.left - slack && a.right <= b.right + slack && a.top >= b.top - slack && a.bottom <= b.bottom + slack;
  for (const [i, { g, box }] of boxes.entries()) {
    if (!lies(box, page, 0)) wrong.push(`${g.querySelector(".name").textContent} is outside`);
    const texts = [...g.querySelectorAll("text")].map((text) => ({ text, at: text.getBoundingClientRect() }));
    for (const { text, at } of texts) {
      if (!lies(at, box, 0)) wrong.push(`"${text.textContent}" is wider than its table`);
    }
    for (const [j, one] of texts.entries()) {
      for (const other of texts.slice(j + 1)) {
        const beside = one.at.right <= other.at.left || other.at.right <= one.at.left;
        const above = one.at.bottom <= other.at.top + 3 || other.at.bottom <= one.at.top + 3;
        if (!beside && !above) wrong.push(`"${one.text.textContent}" lies on "${other.text.textContent}"`);
      }
    }
    for (const { g: h, box: other } of boxes.slice(i + 1)) {
      const apart = box.right < other.left || other.right < box.left || box.bottom < other.top || other.bottom < box.top;
      if (!apart) wrong.push(`${g.querySelector(".name").textContent} lies on ${h.querySelector(".name").textContent}`);
    }
  }
  for (const link of document.querySelectorAll(".link")) {
    for (const at of [0, link.getTotalLength()]) {
      const { x, y } = link.getPointAtLength(at);
      const point = { left: x + page.left, right: x + page.left, top: y + page.top, bottom: y + page.top };
      if (!boxes.some(({ box }) => lies(point, box, 1))) wrong.push(`${link.textContent} ends beside the tables`);
    }
  }
  if (boxes.length === 0) wrong.push("nothing is drawn");
  const seen = `${boxes.length} tables, ${document.querySelectorAll(".link").length} lines`;
  document.title = wrong.length > 0 ? `WRONG: ${wrong.slice(0, 5).join("; ")}` : `FINE: ${seen}`;
});
