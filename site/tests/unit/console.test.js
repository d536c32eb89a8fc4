// The console's lines and their history, where there are many and where the
// browser keeps nothing more.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { browserLike, load } from './load.js';

const { Console } = await load('console/lines.ts');
const { History } = await load('console/history.ts');

beforeEach(() => browserLike());

test('a line that waits is never dropped, a line that is done is in time', () => {
  const sent = [];
  const console = new Console((request) => sent.push(request), () => {});
  console.open();
  for (let i = 1; i <= 450; i++) console.type(`echo ${i}`);
  assert.deepEqual(sent.map(({ id }) => id), [1], 'one runs at a time');
  for (let id = 1; id <= 450; id++) console.done(id, 0);
  assert.deepEqual(sent.map(({ line }) => line), Array.from({ length: 450 }, (_, i) => `echo ${i + 1}`));
  console.type('last');
  assert.equal(console.lines.length, 200);
  assert.equal(console.lines.at(-1).text, 'last');
});

test('history is walked back and forth, and is there after a reload', () => {
  const history = new History();
  for (const line of ['one', 'two', 'two', ' ']) history.add(line);
  assert.deepEqual([history.back('draft'), history.back('two'), history.back('one')], ['two', 'one', undefined]);
  assert.deepEqual([history.forth(), history.forth(), history.forth()], ['two', 'draft', undefined]);
  assert.equal(new History().back(''), 'two');
});

test('what outlives the page is bounded', () => {
  const history = new History();
  for (let i = 0; i < 300; i++) history.add(`${i} ${'x'.repeat(48_000)}`);
  assert.ok(JSON.stringify(localStorage.getItem('tabernetes.history')).length < 120_000);
  assert.match(new History().back(''), /^299 /);
  assert.match(history.back(''), /^299 /);
});

for (const [why, name] of [['full', 'QuotaExceededError'], ['forbidden', 'SecurityError']]) {
  test(`where storage is ${why} there is a history all the same`, () => {
    const refuse = () => {
      throw new DOMException(`storage is ${why}`, name);
    };
    globalThis.localStorage = { getItem: refuse, setItem: refuse, removeItem: refuse };
    const history = new History();
    history.add('kubectl get pods');
    assert.equal(history.back(''), 'kubectl get pods');
  });
}
