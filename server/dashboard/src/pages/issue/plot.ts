/** Bars of hours, drawn by uPlot, in the colours of the theme. */

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { compact } from '../../ui/format';

/** When a release was first seen. */
export interface Mark {
  release: string;
  at: number;
}

/** What is drawn: when each hour began, how often it was, and what to mark. */
export interface Drawing {
  starts: number[];
  counts: number[];
  marks: Mark[];
}

const HEIGHT = 110;
const HOUR = 3_600;

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const DAY = 86_400;

/** Hours of a day, or days. */
function tick(seconds: number, step: number): string {
  const at = new Date(seconds * 1000);
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0;
  return (step >= DAY || isMidnight ? day : clock).format(at);
}

/** What the theme makes of a colour: a canvas knows no variables. */
function colours(element: HTMLElement) {
  const probe = document.createElement('span');
  element.append(probe);
  const read = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const found = { muted: read('--muted'), line: read('--line'), mark: read('--new') };
  probe.remove();
  return found;
}

function columns({ starts, counts }: Drawing): uPlot.AlignedData {
  return [starts.map((start) => start / 1000), counts];
}

/** Draws into `element`, as wide as it is, until `end`. */
export function plot(element: HTMLElement, first: Drawing): { show: (drawing: Drawing) => void; end: () => void } {
  let drawing = first;
  let colour = colours(element);
  const drawMarks = (chart: uPlot) => {
    const { ctx, bbox } = chart;
    ctx.save();
    ctx.strokeStyle = colour.mark;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const { at } of drawing.marks) {
      const x = Math.round(chart.valToPos(at / 1000, 'x', true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  };
  const range = (): [number, number] => {
    const { starts } = drawing;
    return [(starts[0] ?? 0) / 1000, (starts.at(-1) ?? 0) / 1000 + HOUR];
  };
  const axis: uPlot.Axis = {
    stroke: () => colour.muted,
    font: '11px system-ui, sans-serif',
    ticks: { show: false },
  };
  const bars = uPlot.paths.bars?.({ size: [0.8], align: 1 });
  const chart = new uPlot(
    {
      width: Math.max(element.clientWidth, 100),
      height: HEIGHT,
      padding: [6, 0, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: true, range },
        y: { range: (_, __, most) => [0, Math.max(most, 4)] },
      },
      axes: [
        {
          ...axis,
          size: 24,
          space: 70,
          grid: { show: false },
          values: (_, at, __, ___, step) => at.map((seconds) => tick(seconds, step)),
        },
        {
          ...axis,
          size: 34,
          space: 34,
          grid: { stroke: () => colour.line, width: 1 },
          values: (_, values) => values.map((value) => (Number.isInteger(value) ? compact(value) : '')),
        },
      ],
      series: [
        {},
        {
          fill: () => colour.muted,
          stroke: () => colour.muted,
          width: 0,
          points: { show: false },
          ...(bars ? { paths: bars } : {}),
        },
      ],
      hooks: { draw: [drawMarks] },
    },
    columns(first),
    element,
  );
  const recolour = () => {
    colour = colours(element);
    chart.redraw(false);
  };
  const size = new ResizeObserver(() => {
    const width = element.clientWidth;
    if (width > 0 && width !== chart.width) chart.setSize({ width, height: HEIGHT });
  });
  size.observe(element);
  const theme = new MutationObserver(recolour);
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  const preference = window.matchMedia('(prefers-color-scheme: dark)');
  preference.addEventListener('change', recolour);
  return {
    show(next) {
      drawing = next;
      chart.setData(columns(next));
    },
    end() {
      size.disconnect();
      theme.disconnect();
      preference.removeEventListener('change', recolour);
      chart.destroy();
    },
  };
}
