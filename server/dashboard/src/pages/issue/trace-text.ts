/** A stack as text, as the language itself prints it, to be taken elsewhere. */

import type { Frame, Occurred, Thrown } from './parts';

function head({ type, module, value }: Thrown, hasModule = false): string {
  const name = hasModule && module !== '' && module !== 'builtins' ? `${module}.${type}` : type;
  if (name === '') return value;
  return value === '' ? name : `${name}: ${value}`;
}

function position({ line, column }: Frame, separator = ':'): string {
  return [line, column].filter((one) => one !== undefined).join(separator);
}

function currentLine(frame: Frame): string {
  return frame.source.find((line) => line.isCurrent)?.text.trim() ?? '';
}

const LINKS = {
  cause: 'The above exception was the direct cause of the following exception:',
  context: 'During handling of the above exception, another exception occurred:',
};

function python(thrown: Thrown[]): string {
  const one = (error: Thrown) => {
    const frames = (error.stack?.frames ?? []).map((frame) => {
      const line = `  File "${frame.path || frame.place}", line ${frame.line ?? '?'}, in ${frame.function || '<unknown>'}`;
      const code = currentLine(frame);
      return code === '' ? line : `${line}\n    ${code}`;
    });
    const begin = frames.length > 0 ? ['Traceback (most recent call last):'] : [];
    return [...begin, ...frames, head(error, true)].join('\n');
  };
  // The cause is printed before what it caused.
  const parts: string[] = [];
  for (let index = thrown.length - 1; index >= 0; index -= 1) {
    const error = thrown[index];
    if (!error) continue;
    parts.push(one(error));
    if (index > 0) parts.push(LINKS[error.relation === 'context' ? 'context' : 'cause']);
  }
  return parts.join('\n\n');
}

/** What ran last first: JavaScript, Java and others. */
function lastFirst(thrown: Thrown[], begin: (error: Thrown) => string, line: (frame: Frame) => string): string {
  return thrown
    .flatMap((error) => [begin(error), ...(error.stack?.frames ?? []).toReversed().map((frame) => line(frame))])
    .join('\n');
}

function javascript(thrown: Thrown[]): string {
  const line = (frame: Frame) => {
    const at = [frame.path || frame.place, position(frame)].filter(Boolean).join(':');
    return frame.function === '' ? `    at ${at}` : `    at ${frame.function} (${at})`;
  };
  return lastFirst(thrown, (error) => (error.relation === 'raised' ? '' : '[cause]: ') + head(error), line);
}

function java(thrown: Thrown[]): string {
  const line = (frame: Frame) => {
    const name = [frame.module, frame.function].filter(Boolean).join('.');
    return `\tat ${name}(${[frame.place, frame.line].filter((one) => one !== undefined && one !== '').join(':')})`;
  };
  return lastFirst(thrown, (error) => (error.relation === 'raised' ? '' : 'Caused by: ') + head(error, true), line);
}

function numbered(thrown: Thrown[]): string {
  return thrown
    .map((error) => {
      const frames = (error.stack?.frames ?? []).toReversed().map((frame, index) => {
        const at = [frame.place, position(frame)].filter(Boolean).join(':');
        return `${String(index).padStart(4)}: ${frame.function || frame.address || '?'}\n          at ${at}`;
      });
      return [(error.relation === 'raised' ? '' : 'Caused by: ') + head(error), ...frames].join('\n');
    })
    .join('\n');
}

const PRINTERS: Record<string, (thrown: Thrown[]) => string> = { python, javascript, node: javascript, java };

/** The errors of an occurrence. */
export function traceText({ platform, thrown }: Occurred): string {
  return (PRINTERS[platform] ?? numbered)(thrown);
}
