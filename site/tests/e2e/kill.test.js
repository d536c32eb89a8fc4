// A dozen kills of renderers and whole browsers while they write, also in the
// middle of a batch of a hundred replicas. `npm run kills -- 200` is the long form.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kills } from './kills.js';

test('whatever is killed, every answered write is found and the state is a prefix', { timeout: 300_000 }, async () => {
  const tally = await kills(12, { seed: 7 });
  console.log(`    ${tally.kills} kills, writes answered ${tally.answered}, found ${tally.found}, non-prefix states ${tally.nonPrefix}`);
  assert.deepEqual(tally.problems, []);
  assert.equal(tally.found, tally.answered);
  assert.ok(tally.answered > 20, `only ${tally.answered} writes were answered`);
});
