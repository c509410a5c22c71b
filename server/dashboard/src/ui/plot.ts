/** The drawing of a chart, by uPlot: loaded when a page shows one. */

import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Mark, Series } from './chart';
import { compact } from './format';

/** What is drawn. */
export interface Drawn {
  times: readonly number[];
  series: readonly Series[];
  marks: readonly Mark[];
}

/** A chart on the page. */
export interface Plot {
  /** Draws other values. */
  show(drawn: Drawn): void;
  /** Points at one of the times, or at none. */
  point(index: number | undefined): void;
  end(): void;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** What is counted is counted in whole numbers. */
const STEPS = [1, 2, 5]
  .flatMap((step) => Array.from({ length: 12 }, (_, power) => step * 10 ** power))
  .sort((a, b) => a - b);

/** A token's colour in the theme that is shown: a canvas does not know tokens. */
function colourIn(place: HTMLElement): (token: string) => string {
  const probe = document.createElement('span');
  probe.hidden = true;
  place.append(probe);
  return (token) => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
}

/** Calls back when another theme is chosen, here or in the system. */
function onTheme(changed: () => void): () => void {
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const chosen = new MutationObserver(changed);
  chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  system.addEventListener('change', changed);
  return () => {
    chosen.disconnect();
    system.removeEventListener('change', changed);
  };
}

function data({ times, series }: Drawn): UPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])] as UPlot.AlignedData;
}

/** How long one of the times lasts. */
function stepOf(times: readonly number[]): number {
  const [first, second] = times;
  return first !== undefined && second !== undefined ? second - first : HOUR;
}

/** The hour, and the day where it begins. */
function names(splits: number[], step: number): string[] {
  let before = '';
  return splits.map((split) => {
    const date = day.format(split);
    const isOther = date !== before;
    before = date;
    if (step >= DAY) return date;
    return isOther ? `${clock.format(split)}\n${date}` : clock.format(split);
  });
}

function drawMarks(plot: UPlot, marks: readonly Mark[], colour: (token: string) => string, font: string): void {
  const { ctx, bbox } = plot;
  const ratio = window.devicePixelRatio || 1;
  ctx.save();
  ctx.font = font;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  // The newest first: where words would stand upon each other, the older ones are left out.
  const right = bbox.left + bbox.width;
  let taken = Number.POSITIVE_INFINITY;
  for (const { time, label } of [...marks].sort((a, b) => b.time - a.time)) {
    const x = Math.round(plot.valToPos(time, 'x', true));
    if (x < bbox.left || x > right) continue;
    ctx.strokeStyle = colour('--strong-line');
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const width = ctx.measureText(label).width;
    // At the right edge they stand to the left of their line.
    const from = x + width + 8 * ratio > right ? x - width - 4 * ratio : x + 4 * ratio;
    if (from < bbox.left || from + width > taken) continue;
    ctx.fillStyle = colour('--muted');
    ctx.fillText(label, from, bbox.top + 2 * ratio);
    taken = Math.min(from, x) - 4 * ratio;
  }
  ctx.restore();
}

/** Makes a chart at a place, as wide as that is. `onPoint` is told at which of the times the mouse is. */
export function makePlot(
  place: HTMLElement,
  first: Drawn,
  height: number,
  onPoint: (index: number | undefined) => void,
): Plot {
  let drawn = first;
  const colour = colourIn(place);
  const family = getComputedStyle(document.body).fontFamily;
  const axis = { stroke: () => colour('--muted'), font: `12px ${family}`, ticks: { show: false } };
  const bars = UPlot.paths.bars?.({ size: [0.8, 40], align: 1 });
  const series = drawn.series.map((one): UPlot.Series => {
    const stroke = () => colour(one.colour);
    if (one.kind === 'line' || !bars) return { stroke, width: 2, points: { show: false } };
    return { stroke, fill: stroke, width: 0, paths: bars, points: { show: false } };
  });
  const plot = new UPlot(
    {
      width: Math.max(120, place.clientWidth),
      height,
      ms: 1,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        // The last bar needs its room as well.
        x: { time: true, range: (_, from, to) => [from, to + stepOf(drawn.times)] },
        y: { range: (_, _from, to) => [0, Math.max(1, to * (drawn.marks.length > 0 ? 1.25 : 1.1))] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 64,
          // Two lines where days are named below hours.
          size: (_, words) => (words?.some((word) => word?.includes('\n')) ? 44 : 26),
          values: (_, splits, _axis, _space, step) => names(splits, step),
        },
        {
          ...axis,
          grid: { stroke: () => colour('--line'), width: 1 },
          incrs: STEPS,
          values: (_, splits) => splits.map(compact),
          size: 52,
        },
      ],
      series: [{}, ...series],
      hooks: {
        draw: [(self) => drawMarks(self, drawn.marks, colour, `${12 * (window.devicePixelRatio || 1)}px ${family}`)],
        setCursor: [(self) => onPoint(self.cursor.idx ?? undefined)],
      },
    },
    data(drawn),
    place,
  );
  const size = new ResizeObserver(() => {
    if (place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height });
  });
  size.observe(place);
  const stopTheme = onTheme(() => plot.redraw(false, true));
  return {
    show(next) {
      drawn = next;
      plot.setData(data(next));
    },
    point(index) {
      const time = index === undefined ? undefined : drawn.times[index];
      const left = time === undefined ? -10 : plot.valToPos(time, 'x') + 1;
      plot.setCursor({ left, top: time === undefined ? -10 : 1 });
    },
    end() {
      stopTheme();
      size.disconnect();
      plot.destroy();
      place.replaceChildren();
    },
  };
}
