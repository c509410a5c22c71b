// Programs that have the real SDKs in them, and fail when they are told to.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DEADLINE } from './support.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const PYTHON = process.env.FAULTWIRE_PYTHON ?? here('../../../.venv/bin/python');

/** A program that raises errors with the package for Node. */
export function nodeShop(server, options) {
  return shop(process.execPath, here('clients/shop.mjs'), server, options);
}

/** The same with the package for Python. */
export function pythonShop(server, options) {
  if (!existsSync(PYTHON)) throw new Error(`no Python with the package faultwire: ${PYTHON}`);
  return shop(PYTHON, here('clients/shop.py'), server, options);
}

/**
 * A running shop. `fail({ type, value?, release?, tags?, user? })` raises a real error of a class of that name and
 * answers its event's id once it is delivered. A `release` that is given stays until another is.
 */
function shop(program, file, server, { dsn = server.dsn } = {}) {
  const { SHOP_DSN, FAULTWIRE_DSN, ...environment } = process.env;
  const child = spawn(program, [file], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // What it keeps until it is sent goes with the server's folder.
    env: { ...environment, SHOP_DSN: dsn, XDG_STATE_HOME: join(server.folder, 'shop') },
  });
  const answers = [];
  const waiting = [];
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const take = (line) => {
    const next = waiting.shift();
    if (next) next(line);
    else answers.push(line);
  };
  createInterface({ input: child.stdout }).on('line', take);
  child.on('exit', () => {
    for (const next of waiting.splice(0)) next(undefined);
  });
  after(() => child.kill());
  const answer = () =>
    new Promise((done, fail) => {
      if (answers.length > 0) return done(answers.shift());
      const timer = setTimeout(() => fail(new Error(`the shop says nothing: ${said}`)), 2 * DEADLINE);
      waiting.push((line) => {
        clearTimeout(timer);
        done(line);
      });
    });
  return {
    async fail(order) {
      if (child.exitCode !== null) throw new Error(`the shop ended: ${said}`);
      child.stdin.write(`${JSON.stringify(order)}\n`);
      const line = await answer();
      if (line === undefined) throw new Error(`the shop ended: ${said}`);
      const { id, isDelivered } = JSON.parse(line);
      if (!isDelivered) throw new Error(`the error was not delivered: ${said}`);
      return id;
    },
    end() {
      child.kill();
    },
  };
}
