// The platforms that have a binary. `target` names the file, `faultwire.<target>.node`, and the package that holds it,
// `@faultwire/<target>`; os, cpu and libc are npm's words, rust the compiler's. `src/native.ts` looks for the same
// names and `.github/workflows/release.yml` builds them: a test compares the three.

export const PLATFORMS = [
  { target: 'linux-x64-gnu', os: 'linux', cpu: 'x64', libc: 'glibc', rust: 'x86_64-unknown-linux-gnu' },
  { target: 'linux-x64-musl', os: 'linux', cpu: 'x64', libc: 'musl', rust: 'x86_64-unknown-linux-musl' },
  { target: 'linux-arm64-gnu', os: 'linux', cpu: 'arm64', libc: 'glibc', rust: 'aarch64-unknown-linux-gnu' },
  { target: 'linux-arm64-musl', os: 'linux', cpu: 'arm64', libc: 'musl', rust: 'aarch64-unknown-linux-musl' },
  { target: 'darwin-x64', os: 'darwin', cpu: 'x64', rust: 'x86_64-apple-darwin' },
  { target: 'darwin-arm64', os: 'darwin', cpu: 'arm64', rust: 'aarch64-apple-darwin' },
  { target: 'win32-x64-msvc', os: 'win32', cpu: 'x64', rust: 'x86_64-pc-windows-msvc' },
];

/** The platform of this process. */
export function ownPlatform() {
  const libc = process.platform === 'linux' ? (isMusl() ? 'musl' : 'glibc') : undefined;
  const found = PLATFORMS.find((row) => row.os === process.platform && row.cpu === process.arch && row.libc === libc);
  if (found === undefined) {
    throw new Error(`there is no row for ${process.platform}-${process.arch} in scripts/platforms.mjs`);
  }
  return found;
}

function isMusl() {
  return process.report.getReport().header.glibcVersionRuntime === undefined;
}
