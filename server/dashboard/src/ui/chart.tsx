/**
 * What happened over time: bars or lines. The drawing is loaded when the first chart is shown.
 *
 * For who does not see it, it is a slider over time that says its values, and has a summary in words.
 */

import { useEffect, useId, useRef, useState } from 'react';
import styles from './chart.module.css';
import { moment, whole } from './format';
import type { Plot } from './plot';

/** One row of values, as many as there are times. Bars of a chart stand before each other: a part before its whole. */
export interface Series {
  name: string;
  values: readonly number[];
  /** A token of the theme: `--ink`, `--critical`, ... */
  colour: `--${string}`;
  kind?: 'bars' | 'line';
  /** How a value is written; a whole number unless it is said. */
  write?: (value: number) => string;
}

/** A moment that stands for itself: a deploy, a release. */
export interface Mark {
  time: number;
  label: string;
}

export interface ChartProps {
  /** When each value began, in milliseconds since 1970, in order, evenly. */
  times: readonly number[];
  series: readonly Series[];
  marks?: readonly Mark[];
  label: string;
  /** What there is to be seen, in a sentence. */
  summary: string;
  /** In pixels. */
  height?: number;
}

/** The same each time: what is drawn is drawn again when it is another. */
const NO_MARKS: readonly Mark[] = [];

export function Chart({ times, series, marks = NO_MARKS, label, summary, height = 180 }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  const [at, setAt] = useState<number>();
  const describedBy = useId();
  const last = Math.max(0, times.length - 1);
  const shown = Math.min(at ?? last, last);
  // What a chart is made of, and not what is in it: with these it is made anew.
  const shape = JSON.stringify([height, series.map(({ name, colour, kind }) => [name, colour, kind])]);
  const latest = useRef({ times, series, marks });
  latest.current = { times, series, marks };

  useEffect(() => {
    let isGone = false;
    void import('./plot').then(({ makePlot }) => {
      if (isGone || !place.current) return;
      plot.current = makePlot(place.current, latest.current, height, setAt);
    });
    return () => {
      isGone = true;
      plot.current?.end();
      plot.current = undefined;
    };
  }, [shape]);
  useEffect(() => plot.current?.show({ times, series, marks }), [times, series, marks]);

  const move = (to: number) => {
    const next = Math.min(last, Math.max(0, to));
    setAt(next);
    plot.current?.point(next);
  };
  const steps: Record<string, number> = {
    ArrowLeft: shown - 1,
    ArrowDown: shown - 1,
    ArrowRight: shown + 1,
    ArrowUp: shown + 1,
    PageDown: shown - 24,
    PageUp: shown + 24,
    Home: 0,
    End: last,
  };
  const time = times[shown];
  const value = ({ values, write = whole }: Series) => write(values[shown] ?? 0);
  const words = series.map((one) => `${value(one)} ${one.name}`).join(', ');
  return (
    <figure className={styles['chart']}>
      <div
        className={styles['slider']}
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-describedby={describedBy}
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={shown}
        aria-valuetext={time === undefined ? 'Nothing yet' : `${moment(time)}: ${words}`}
        onKeyDown={(event) => {
          const to = steps[event.key];
          if (to === undefined) return;
          event.preventDefault();
          move(to);
        }}
        onBlur={() => {
          setAt(undefined);
          plot.current?.point(undefined);
        }}
      >
        <div ref={place} className={styles['plot']} style={{ height }} />
      </div>
      <figcaption className={styles['caption']}>
        <ul className={styles['legend']} aria-hidden="true">
          {series.map((one) => (
            <li key={one.name}>
              <span className={styles['swatch']} style={{ background: `var(${one.colour})` }} />
              {one.name}
              {at !== undefined && <b className="number">{value(one)}</b>}
            </li>
          ))}
          {at !== undefined && time !== undefined && <li>{moment(time).replace(/ \(.*/, '')}</li>}
        </ul>
        <span id={describedBy} className="hidden-text">
          {summary}
          {marks.length > 0 && ` Marked: ${marks.map((mark) => `${mark.label}, ${moment(mark.time)}`).join('; ')}.`}
        </span>
      </figcaption>
    </figure>
  );
}
