// Opens pages in Chromium as people would, wide and narrow, light and dark, and prints what is wrong with each; nothing if nothing is.
// Called with the browser and pages; with `--shots FOLDER` before them it also leaves pictures of what it saw.
// Speaks to the browser through pipes, so that it needs no package.
import { spawn } from "node:child_process";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";

const args = process.argv.slice(2);
const shots = args[0] === "--shots" ? args.splice(0, 2)[1] : undefined;
const [program, ...pages] = args;
const profile = mkdtempSync(join(tmpdir(), "look-"));
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe", `--user-data-dir=${profile}`];
const browser = spawn(program, [...flags, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const [, , , to, from] = browser.stdio;

let last = 0;
const waiting = new Map();
let heard = () => {};
let rest = "";
from.setEncoding("utf8").on("data", (chunk) => {
  const messages = (rest + chunk).split("\0");
  rest = messages.pop();
  for (const message of messages.map((text) => JSON.parse(text))) {
    if (message.id === undefined) heard(message);
    else waiting.get(message.id)?.(message);
  }
});

function send(method, params = {}, sessionId) {
  const id = ++last;
  to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
  return new Promise((done, fail) => waiting.set(id, ({ result, error }) => (error ? fail(new Error(`${method}: ${error.message}`)) : done(result))));
}

// Runs in the page. What is seen is measured; colours are those that are drawn.
function measure() {
  const wrong = [];
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) wrong.push(`the page is ${wide.scrollWidth} pixels wide, and the window ${wide.clientWidth}`);
  const name = (element) => `<${element.tagName.toLowerCase()}${element.className && typeof element.className === "string" ? ` class="${element.className}"` : ""}> "${element.textContent.trim().slice(0, 40)}"`;
  const numbers = (color) => {
    const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
    return { rgb: [red, green, blue], alpha };
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const { rgb, alpha } = numbers(getComputedStyle(at).backgroundColor);
      if (alpha > 0) return rgb;
    }
    return [255, 255, 255];
  };
  const light = (rgb) => {
    const [red, green, blue] = rgb.map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || element.closest("svg") || !element.checkVisibility() || element.closest(".skip")) continue;
    const at = element.getBoundingClientRect();
    const inner = element.closest(".wide, .picture, nav ul");
    if (!inner && (at.left < -1 || at.right > wide.clientWidth + 1)) wrong.push(`${name(element)} is cut off`);
    const [front, back] = [numbers(getComputedStyle(element).color).rgb, behind(element)];
    const key = `${front}|${back}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const [low, high] = [light(front), light(back)].sort((a, b) => a - b);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) wrong.push(`${name(element)} has a contrast of ${contrast.toFixed(1)}`);
  }
  for (const table of document.querySelectorAll("details[open] table.sides")) {
    const row = [...table.tBodies[0].rows].find(({ cells: [, old, , now] }) => old?.className === "o" && now?.className === "w");
    const [before, after] = [1, 3].map((place) => row?.cells[place].getBoundingClientRect());
    const isNarrow = wide.clientWidth < 768;
    if (row && isNarrow && (after.top < before.bottom - 1 || after.width < 200)) wrong.push("what a line is does not stand below what it was");
    if (row && !isNarrow && (before.right > after.left + 1 || Math.abs(before.top - after.top) > 1 || Math.abs(before.width - after.width) > 4)) {
      wrong.push("the columns do not stand side by side");
    }
    const box = table.parentElement;
    if (box.scrollWidth > box.clientWidth + 1 && box.tabIndex !== 0) wrong.push("a table cannot be scrolled with keys");
    for (const cell of table.querySelectorAll("tbody td")) {
      if (cell.scrollWidth > cell.clientWidth + 1) wrong.push(`a line is wider than its column: ${cell.textContent.slice(0, 40)}`);
    }
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.caption?.textContent) wrong.push("a table has no caption");
    if (!table.querySelector("th[scope]")) wrong.push("a table has no headings");
  }
  const levels = [...document.querySelectorAll("h1, h2, h3")].map((heading) => Number(heading.tagName[1]));
  levels.forEach((level, i) => {
    if (level > (levels[i - 1] ?? 0) + 1) wrong.push(`a heading of level ${level} follows one of level ${levels[i - 1]}`);
  });
  for (const link of document.querySelectorAll("a[href^='#']")) {
    if (!document.getElementById(link.getAttribute("href").slice(1))) wrong.push(`${name(link)} leads nowhere`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  if (new Set(ids).size !== ids.length) wrong.push("an id is there twice");
  for (const svg of document.querySelectorAll("svg")) {
    const at = svg.getBoundingClientRect();
    if (at.width < 100 || at.height < 40 || svg.querySelectorAll("g").length === 0) wrong.push("the picture is not to be seen");
    const box = svg.parentElement.getBoundingClientRect();
    if (at.left < box.left - 1 || at.top < box.top - 1) wrong.push("a part of the picture cannot be scrolled to");
  }
  const scripts = document.scripts.length + document.querySelectorAll("iframe, object, embed, [onload], [onerror], [onclick]").length;
  if (scripts > 0) wrong.push(`${scripts} elements run something`);
  if (document.title !== document.querySelector("h1").textContent) wrong.push(`the title is ${document.title}`);
  return { wrong: [...new Set(wrong)].slice(0, 8), dark: light(behind(document.body)) < 0.2, height: wide.scrollHeight, pictures: document.querySelectorAll("svg").length, sides: document.querySelectorAll("table.sides").length };
}

const views = [
  { width: 1280, scheme: "light" },
  { width: 1280, scheme: "dark" },
  { width: 400, scheme: "light" },
  { width: 400, scheme: "dark" },
];
for (const page of pages) {
  const url = pathToFileURL(page).href;
  for (const { width, scheme } of views) {
    const wrong = [];
    const { targetId } = await send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
    const ask = (method, params) => send(method, params, sessionId);
    let loaded;
    const load = new Promise((done) => (loaded = done));
    heard = ({ method, params }) => {
      if (method === "Page.loadEventFired") loaded();
      if (method === "Runtime.consoleAPICalled" || method === "Runtime.exceptionThrown") wrong.push(`the console says ${JSON.stringify(params).slice(0, 300)}`);
      if (method === "Log.entryAdded") wrong.push(`the browser says ${params.entry.text}`);
      if (method === "Page.javascriptDialogOpening") wrong.push("a dialogue opens");
      if (method === "Network.requestWillBeSent" && params.request.url !== url && !params.request.url.startsWith("data:")) wrong.push(`it asks for ${params.request.url}`);
    };
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await ask(`${domain}.enable`);
    await ask("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: false });
    await ask("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await ask("Page.navigate", { url });
    await load;
    const { result, exceptionDetails } = await ask("Runtime.evaluate", { expression: `(${measure})()`, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    const { value } = result;
    wrong.push(...value.wrong);
    if (value.dark !== (scheme === "dark")) wrong.push("the colours are not those that were asked for");
    // What the test that calls this counts on.
    const label = `${basename(page)} at ${width}, ${scheme}`;
    console.error(`${label}: ${value.sides} files, ${value.pictures} pictures`);
    for (const words of wrong) console.log(`${label}: ${words}`);
    if (shots) {
      for (let y = 0; y < Math.min(value.height, 20_000); y += 1_800) {
        const clip = { x: 0, y, width, height: Math.min(1_800, value.height - y), scale: 1 };
        const { data } = await ask("Page.captureScreenshot", { clip, captureBeyondViewport: true });
        writeFileSync(join(shots, `${basename(page, ".html")}-${width}-${scheme}-${y / 1_800}.png`), Buffer.from(data, "base64"));
      }
    }
    await send("Target.closeTarget", { targetId });
  }
}
await send("Browser.close").catch(() => {});
browser.on("exit", () => {
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
});
