// Kills a browser while it writes, again and again, and compares what it comes
// back with to what it had answered. The harness speaks the page's side of the
// protocol itself (src/engine/line.ts and protocol.ts), so that it knows every
// write that was announced and every answer that was given.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kill, open, profile, serve } from './browser.js';
import { renderers } from './tabs.js';

const assets = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'assets');
const patience = 60_000;

/** Seeded, so that a failure can be tried again. */
export function randomness(seed) {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), s | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs in the browser: joins the engine as a tab does, and passes on everything it says. */
function join_(worker, shared) {
  const tab = crypto.randomUUID();
  const name = '0 tabernetes';
  const started = shared ? new SharedWorker(worker, { type: 'module', name }).port : new Worker(worker, { type: 'module', name });
  window.say = (request) => started.postMessage({ kind: 'say', tab, text: JSON.stringify(request) });
  started.onmessage = ({ data }) => {
    if (data.kind === 'joined') {
      window.say({ type: 'boot', seed: 1, nodes: 3, database: 'tabernetes', speed: 'once' });
      return;
    }
    if (data.kind !== 'say') return;
    if (data.text.startsWith('{"type":"frame"')) window.say({ type: 'drawn' });
    window.told(data.text);
  };
  navigator.locks.request(`tabernetes/tab/${tab}`, () => {
    started.postMessage({ kind: 'join', tab });
    return new Promise(() => {});
  });
}

/** What identifies a write: who made it, why, of what and when. */
const mark = (e) => [e.time, e.actor, e.verb, e.group, e.resource, e.subresource, e.namespace, e.name, ...(e.causes ?? [])].join('|');

/** One life of a page, from its start until it is killed. */
class Life {
  /** Announced writes by revision, answered or not. */
  writes = new Map();
  durable = 0;
  outputs = new Map();
  endings = new Map();
  answers = [];
  lastID = 0;

  constructor(page) {
    this.page = page;
    this.ready = new Promise((resolve, reject) => {
      this.opened = resolve;
      this.broken = reject;
    });
  }

  static async begin(browser, web, shared) {
    const page = await browser.newPage();
    const life = new Life(page);
    life.shared = shared;
    await page.exposeFunction('told', (text) => life.hear(JSON.parse(text)));
    await page.goto(`${web.url}icon.svg`);
    const worker = `${web.url}assets/${readdirSync(assets).find((name) => /^worker-.*\.js$/.test(name))}`;
    await page.evaluate(`(${join_})(${JSON.stringify(worker)}, ${shared})`);
    const late = setTimeout(() => life.broken(new Error(`the engine does not start; it has said ${JSON.stringify(life.heard)}, writes up to ${Math.max(...life.writes.keys())}`)), patience);
    await life.ready;
    clearTimeout(late);
    return life;
  }

  hear(event) {
    if (event.type !== 'output') this.heard = { ...this.heard, [event.type]: { ...event, entries: event.entries?.length, overview: undefined, actors: undefined } };
    switch (event.type) {
      case 'frame':
        for (const e of event.entries ?? []) if (e.type === 'write') this.writes.set(e.revision, mark(e));
        // The log that was found comes in one frame or more.
        if (this.writes.has(this.found)) this.opened();
        return;
      case 'ready':
        this.found = event.revision;
        return;
      case 'output':
        this.outputs.set(event.id, (this.outputs.get(event.id) ?? '') + event.text);
        return;
      case 'done':
        this.answers.push(event);
        this.endings.get(event.id)?.(event);
        return;
      case 'failed':
        this.broken(new Error(event.message));
    }
  }

  /** Types a line without waiting; resolves with its answer, or never. */
  type(line) {
    const id = ++this.lastID;
    this.page.evaluate((r) => window.say(r), { type: 'exec', id, line }).catch(() => {});
    return new Promise((resolve) => this.endings.set(id, (event) => resolve({ ...event, text: this.outputs.get(id) ?? '' })));
  }

  async run(line) {
    const timer = setTimeout(() => this.broken(new Error(`${line}: no answer`)), patience);
    const answer = await this.type(line);
    clearTimeout(timer);
    assert.equal(answer.exit, 0, `${line}: ${answer.text}`);
    return answer.text;
  }
}

/** Kills so many times and tells what was found; onKill is called after each. */
export async function kills(count, { seed = 1, onKill = () => {} } = {}) {
  const random = randomness(seed);
  const web = await serve();
  const home = profile();
  const tally = { kills: 0, browsers: 0, batches: 0, commands: 0, answered: 0, found: 0, lost: 0, nonPrefix: 0, problems: [] };
  // What had been answered over all lives: writes by revision, and ConfigMaps by number.
  const kept = { counted: 0, answered: 0, made: 0, promised: new Set(), announced: new Map(), confirmed: new Set() };
  let browser = await open(home.dir);
  try {
    for (let i = 0; i <= count; i++) {
      const life = await Life.begin(browser, web, random() < 0.5);
      await compare(life, kept, tally);
      if (i === count) break;
      const batch = random() < 1 / 3;
      tally.batches += batch;
      drive(life, kept, batch, random);
      await new Promise((resolve) => setTimeout(resolve, random() * (batch ? 900 : 500)));
      const whole = random() < 0.5;
      tally.kills++;
      tally.last = `${whole ? 'browser' : 'renderers'}, ${life.shared ? 'shared' : 'dedicated'} worker, ${batch ? 'batch' : 'single writes'}`;
      if (whole) {
        tally.browsers++;
        kill(home.dir);
        await browser.close().catch(() => {});
        browser = await open(home.dir);
      } else {
        for (const id of renderers(home.dir)) process.kill(id, 'SIGKILL');
        // A crashed page still has to be closed.
        await life.page.close().catch(() => {});
      }
      remember(life, kept, tally);
      onKill(tally);
    }
    return tally;
  } finally {
    await browser.close().catch(() => {});
    await web.close();
    home.remove();
  }
}

/** Keeps the console busy: ConfigMaps one after the other, several under way, and sometimes a batch of a hundred replicas. */
function drive(life, kept, batch, random) {
  life.maps = new Map();
  if (batch) {
    const replicas = random() < 0.5 ? 100 : 20;
    life.type(`kubectl create deployment web --image=nginx --replicas=${replicas} || kubectl scale deployment web --replicas=${replicas}`);
  }
  const next = () => {
    const n = ++kept.made;
    life.type(`kubectl create configmap k-${n} --from-literal=n=${n}`).then((answer) => {
      if (answer.exit === 0) life.maps.set(n, answer.revision);
      next();
    });
  };
  for (let i = 0; i < 3; i++) next();
}

/** Takes down what a life had announced and answered. */
function remember(life, kept, tally) {
  const answered = life.answers.filter((a) => a.exit === 0);
  tally.commands += answered.length;
  kept.counted = kept.answered;
  kept.answered = Math.max(kept.answered, ...answered.map((a) => a.revision));
  kept.announced = life.writes;
  life.maps.forEach((_, n) => kept.promised.add(n));
}

/** Compares what a new life has found with what the last had answered. */
async function compare(life, kept, tally) {
  const before = kept.announced;
  if (before.size === 0) return;
  const fail = (what) => tally.problems.push(`after kill ${tally.kills} (${tally.last}): ${what}`);
  const found = new Map(life.writes);
  const oldest = Math.min(...found.keys());
  // What was not answered may be missing from some revision on, and others take its place.
  let end = Infinity;
  for (const [revision, what] of [...before].sort(([a], [b]) => a - b)) {
    if (revision < oldest) continue;
    const same = found.get(revision) === what;
    if (revision <= kept.answered) {
      // Each is counted once, and looked at as long as it is in the log's newer part.
      const first = revision > kept.counted;
      tally.answered += first;
      if (same) tally.found += first;
      else {
        tally.lost++;
        fail(`answered write ${revision} (of ${kept.answered}; the log found goes to ${life.found}) was ${what}, is ${found.get(revision)}`);
      }
    }
    if (!same) end = Math.min(end, revision);
    else if (revision > end) {
      tally.nonPrefix++;
      fail(`write ${revision} is there, ${end} is not`);
      break;
    }
  }
  const revisions = [...found.keys()].sort((a, b) => a - b);
  if (revisions.some((r, i) => i > 0 && r !== revisions[i - 1] + 1)) {
    tally.nonPrefix++;
    fail('the log has a gap');
  }
  await compareState(life, kept, tally, fail);
}

/** The ConfigMaps must be those that the log found says were made, all that were answered among them. */
async function compareState(life, kept, tally, fail) {
  const text = await life.run('kubectl get configmaps -o name');
  const there = new Set([...text.matchAll(/^configmap\/k-(\d+)$/gm)].map((m) => Number(m[1])));
  for (const n of new Set([...kept.promised, ...kept.confirmed])) {
    if (there.has(n)) continue;
    tally.lost++;
    fail(`ConfigMap k-${n}, which was answered or found before, is gone`);
  }
  for (const [, what] of life.writes) {
    const made = /\|create\|\|configmaps\|\|default\|k-(\d+)/.exec(what);
    if (made && !there.has(Number(made[1]))) {
      tally.nonPrefix++;
      fail(`the log has ConfigMap k-${made[1]}, the state has not`);
    }
  }
  kept.confirmed = there;
}
