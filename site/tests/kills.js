// The long form of the kill test: `npm run kills -- 200`, SEED=n for another run.
import { kills } from './e2e/kills.js';

const count = Number(process.argv[2] ?? 200);
const seed = Number(process.env.SEED ?? 1);
const began = Date.now();
const line = (t) =>
  `${t.kills} kills (${t.browsers} of the whole browser, ${t.batches} in a batch of replicas), ` +
  `${t.commands} commands answered, writes answered ${t.answered}, found ${t.found}, lost ${t.lost}, non-prefix states ${t.nonPrefix}`;

let told = 0;
function tell(t) {
  if (t.kills % 10 === 0) console.log(line(t));
  for (; told < Math.min(t.problems.length, 200); told++) console.error(`error: ${t.problems[told]}`);
}

const tally = await kills(count, { seed, onKill: tell });
tell(tally);
console.log(`${line(tally)}; seed ${seed}, ${Math.round((Date.now() - began) / 1000)} s`);
process.exit(tally.problems.length > 0 || tally.answered === 0 ? 1 : 0);
