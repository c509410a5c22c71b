// Runs each build as it is and with --enable-source-maps, and keeps what Node prints, with DIR for this folder.
const { execFileSync } = require("node:child_process");
const run = (...args) =>
  execFileSync(process.execPath, args, { encoding: "utf8" })
    .replaceAll(`file://${__dirname}`, "DIR").replaceAll(__dirname, "DIR")
    .trim().split("\n").map((line) => JSON.parse(line));
const builds = {};
for (const tool of ["tsc", "esbuild", "esbuild-inline", "webpack"]) {
  const mapped = run("--enable-source-maps", `${tool}/main.js`);
  builds[tool] = run(`${tool}/main.js`).map((error, i) => ({ ...error, mapped: mapped[i].stack }));
}
console.log(JSON.stringify(builds, null, 1));
