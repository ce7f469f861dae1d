/**
 * A flame graph as an SVG picture: a box for each call, as wide as its share of the time, on top of its caller.
 *
 * In scope: layout and drawing. Out of scope: where the times come from (cpu-profile.ts). Pure. The layout is a list of
 * boxes, so that it can be tested without reading a picture.
 */

import type { Call } from './cpu-profile.js';

/** A thread of the picture. */
export interface Flame {
  readonly title: string;
  readonly root: Call;
}

/** Where one call is drawn. */
export interface Box {
  readonly name: string;
  readonly room: string;
  /** Left edge and width, as parts of the whole width. */
  readonly left: number;
  readonly width: number;
  /** 0 stands on the ground. */
  readonly level: number;
}

/** Calls that take less than this part of a thread's time are not drawn. */
export const LEAST_SHARE = 0.003;

const WIDTH = 1200;
const MARGIN = 10;
const ROW = 17;
const TITLE_HEIGHT = 34;
const CHARACTER = 6.7;
const PADDING = 3;
/** Narrower boxes have no room for a word. */
const LEAST_TEXT_WIDTH = 34;
const PLAIN = '#d9d9d9';
/** Colours are given to rooms in the order of their time, so that neighbours in the legend differ. */
const COLOURS = [
  ['#f4a582', '#92c5de', '#b8e186', '#fddbc7', '#c2a5cf', '#ffe08a', '#8fd3c7', '#e7a3c4'],
  ['#bcd35f', '#a6bddb', '#f6b26b', '#d0c0a0', '#9fc5a8', '#e6b8af', '#b4a7d6', '#a2c4c9'],
].flat();

/** Returns the boxes of the calls below `root`, each above its caller, the longest of a caller's first. */
export function layOut(root: Call): Box[] {
  const boxes: Box[] = [];
  const place = (call: Call, left: number, level: number): void => {
    let next = left;
    for (const each of call.calls) {
      const width = each.total / root.total;
      if (width < LEAST_SHARE) continue;
      boxes.push({ name: each.name, room: each.room, left: next, width, level });
      place(each, next, level + 1);
      next += width;
    }
  };
  place(root, 0, 0);
  return boxes;
}

/** Returns the picture of several threads, one below the other, and a legend of rooms. */
export function drawFlames(flames: readonly Flame[]): string {
  const laidOut = flames.map(({ title, root }) => ({ title, boxes: layOut(root) }));
  const colours = coloursOf(laidOut.flatMap(({ boxes }) => boxes));
  const parts: string[] = [];
  let top = 0;
  for (const { title, boxes } of laidOut) {
    const levels = 1 + Math.max(0, ...boxes.map(({ level }) => level));
    parts.push(text(MARGIN, top + TITLE_HEIGHT - 12, title, 'h'));
    const ground = top + TITLE_HEIGHT + levels * ROW;
    for (const box of boxes) parts.push(drawn(box, ground, colours.get(box.room) ?? PLAIN));
    top = ground + ROW;
  }
  const legend = drawnLegend(colours, top);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${legend.bottom}" ` +
      'font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="11">',
    '<style>.h{font-size:14px;font-weight:bold}rect{stroke:#fff;stroke-width:.5}</style>',
    `<rect width="${WIDTH}" height="${legend.bottom}" fill="#fff"/>`,
    ...parts,
    ...legend.parts,
    '</svg>\n',
  ].join('\n');
}

function coloursOf(boxes: readonly Box[]): Map<string, string> {
  const widths = new Map<string, number>();
  for (const { room, width } of boxes) widths.set(room, (widths.get(room) ?? 0) + width);
  const byWidth = [...widths].sort(([, a], [, b]) => b - a).map(([room]) => room);
  return new Map(byWidth.map((room, n) => [room, COLOURS[n] ?? PLAIN]));
}

function drawn({ name, room, left, width, level }: Box, ground: number, colour: string): string {
  const inner = WIDTH - 2 * MARGIN;
  const [x, y] = [MARGIN + left * inner, ground - (level + 1) * ROW];
  const pixels = width * inner;
  const rect =
    `<rect x="${round(x)}" y="${y}" width="${round(pixels)}" height="${ROW}" fill="${colour}">` +
    `<title>${escaped(`${name} (${room}) ${(100 * width).toFixed(1)} %`)}</title></rect>`;
  if (pixels < LEAST_TEXT_WIDTH) return rect;
  const label = name.slice(0, Math.floor((pixels - 2 * PADDING) / CHARACTER));
  return rect + text(x + PADDING, y + ROW - 5, label);
}

function drawnLegend(
  colours: ReadonlyMap<string, string>,
  top: number,
): { parts: string[]; bottom: number } {
  const parts: string[] = [];
  let [x, y] = [MARGIN, top];
  for (const [room, colour] of colours) {
    const width = (room.length + 4) * CHARACTER;
    if (x + width > WIDTH - MARGIN) [x, y] = [MARGIN, y + ROW];
    parts.push(`<rect x="${round(x)}" y="${y}" width="12" height="12" fill="${colour}"/>`);
    parts.push(text(x + 16, y + 10, room));
    x += width;
  }
  return { parts, bottom: y + 2 * ROW };
}

function text(x: number, y: number, content: string, kind?: string): string {
  const className = kind === undefined ? '' : ` class="${kind}"`;
  return `<text x="${round(x)}" y="${round(y)}"${className}>${escaped(content)}</text>`;
}

function round(pixels: number): string {
  return String(Number(pixels.toFixed(1)));
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
