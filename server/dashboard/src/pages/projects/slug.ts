/** Leaves room for a number behind it: the server takes 50. */
const LONGEST = 40;

/** A project's name as a slug, with a number behind it if it is taken: what the server itself would make of it. */
export function freeSlug(name: string, taken: readonly string[]): string {
  const words = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
    .split(' ');
  const slug = words.join('-').slice(0, LONGEST) || 'project';
  if (!taken.includes(slug)) return slug;
  let number = 2;
  while (taken.includes(`${slug}-${number}`)) number += 1;
  return `${slug}-${number}`;
}
