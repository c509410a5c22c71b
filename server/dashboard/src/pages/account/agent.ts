/** What a browser calls itself, in the words of people: the first of each that fits. */

const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\b(?:Firefox|FxiOS)\/(\d+)/, 'Firefox'],
  [/\b(?:Headless)?(?:Chrome|Chromium|CriOS)\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+).*\bSafari\//, 'Safari'],
  [/\bcurl\/(\d+)/, 'curl'],
];

const SYSTEMS: readonly [RegExp, string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(?:iPhone|iPad)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** `Firefox 140 on Linux`, or what it calls itself. */
export function browserName(agent: string): string {
  const browser = BROWSERS.map(([form, name]) => [form.exec(agent)?.[1], name]).find(([version]) => version);
  const system = SYSTEMS.find(([form]) => form.test(agent))?.[1];
  if (!browser) return agent || 'not known';
  return `${browser[1]} ${browser[0]}${system ? ` on ${system}` : ''}`;
}
