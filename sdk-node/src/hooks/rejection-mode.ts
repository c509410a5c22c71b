/** What Node does with rejections that nobody handles: `--unhandled-rejections`. */

// Node documents the last one with an `s` at its end, and takes it without.
const MODES = ['throw', 'strict', 'warn', 'none', 'warn-with-error-code'] as const;
export type Mode = (typeof MODES)[number];

const OPTION = /^--unhandled[-_]rejections(?:=(.*))?$/;

/**
 * The mode in force: the last one on the command line, else the last one of `NODE_OPTIONS`, else `throw`. Both are
 * as the process was started with them, unless the application has changed them since.
 */
export function rejectionMode(execArgv: readonly string[], nodeOptions: string | undefined): Mode {
  return lastOf(execArgv) ?? lastOf(words(nodeOptions ?? '')) ?? 'throw';
}

function lastOf(options: readonly string[]): Mode | undefined {
  let last: Mode | undefined;
  for (const [at, option] of options.entries()) {
    const given = OPTION.exec(option);
    if (given !== null) {
      const value = given[1] ?? options[at + 1];
      last = MODES.find((mode) => mode === value || `${mode}s` === value);
    }
  }
  return last;
}

/** The words of `NODE_OPTIONS`: split at spaces, but for those in double quotes, in which a backslash escapes. */
function words(text: string): string[] {
  const found = text.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? [];
  return found.map((word) =>
    word.replaceAll(/"((?:\\.|[^"\\])*)"/g, (_, inner: string) => inner.replaceAll(/\\(.)/g, '$1')),
  );
}
