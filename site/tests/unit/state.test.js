import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserLike, load } from './load.js';

browserLike();
const { follow, empty } = await load('chain/chain.ts');
const { Console } = await load('console/lines.ts');
const { History } = await load('console/history.ts');
const { suggestions } = await load('console/suggest.ts');

test('what the learner does begins a new chain', () => {
  const entry = (seq, actor, step) => ({ seq, type: 'write', actor, step, resource: 'x', verb: 'create', time: '' });
  let chain = [entry(1, 'kubectl', 1), entry(2, 'deployment-controller', 3), entry(3, 'replicaset-controller', 5), entry(4, 'replicaset-controller', 5)].reduce(
    follow,
    empty,
  );
  assert.equal(chain[5].times, 2);
  assert.equal(chain[5].entry.seq, 4);
  assert.equal(chain[2], undefined);
  chain = follow(chain, entry(5, 'kubelet/node-1', undefined));
  assert.equal(chain[5].times, 2);
  chain = follow(chain, entry(6, 'kubectl', 1));
  assert.equal(chain[1].entry.seq, 6);
  assert.equal(chain[5], undefined);
});

function aConsole() {
  const sent = [];
  return { sent, lines: new Console((request) => sent.push(request), () => {}) };
}

test('lines typed before the engine is there run in order when it is', () => {
  const { sent, lines } = aConsole();
  lines.type('first');
  lines.type('second');
  assert.deepEqual(sent, []);
  lines.open();
  assert.deepEqual(sent.map((r) => r.line), ['first']);
  lines.print(1, 'out', 'a');
  lines.print(1, 'out', 'b');
  lines.print(1, 'err', 'c');
  lines.done(1, 0);
  assert.deepEqual(sent.map((r) => r.line), ['first', 'second']);
  assert.deepEqual(lines.lines[0].output, [
    { stream: 'out', text: 'ab' },
    { stream: 'err', text: 'c' },
  ]);
});

test('Ctrl-C ends the line that runs and drops those that wait', () => {
  const { sent, lines } = aConsole();
  lines.open();
  lines.type('kubectl get pods -w');
  lines.type('another');
  lines.interrupt();
  assert.deepEqual(sent.at(-1), { type: 'interrupt', id: 1 });
  assert.equal(lines.lines.length, 1);
  lines.done(1, 130);
  assert.equal(lines.running, undefined);
});

test('endless output is cut at its beginning', () => {
  const { lines } = aConsole();
  lines.open();
  lines.type('kubectl logs -f web');
  for (let i = 0; i < 400; i++) lines.print(1, i % 2 ? 'out' : 'err', 'x'.repeat(1000));
  const kept = lines.lines[0].output.reduce((n, piece) => n + piece.text.length, 0);
  assert.ok(kept <= 200_000 && kept > 150_000, String(kept));
  assert.equal(kept, lines.lines[0].size);
  assert.ok(lines.lines[0].cut);
});

test('the history walks back, forth, and to what was being typed', () => {
  const history = new History();
  history.add('one');
  history.add('two');
  history.add('two');
  assert.equal(history.back('draft'), 'two');
  assert.equal(history.back('two'), 'one');
  assert.equal(history.back('one'), undefined);
  assert.equal(history.forth(), 'two');
  assert.equal(history.forth(), 'draft');
  assert.equal(history.forth(), undefined);
  assert.equal(new History().back(''), 'two');
});

test('what to try next follows from how things are', () => {
  assert.deepEqual(suggestions(undefined)[0], 'kubectl create deployment web --image=nginx');
  const overview = (desired) => ({
    deployments: [{ namespace: 'shop', name: 'cart', desired }],
    nodes: [{ pods: [{ namespace: 'shop', name: 'cart-1', ready: true }] }],
  });
  assert.deepEqual(suggestions(overview(1))[0], 'kubectl scale deployment cart --replicas=3 -n shop');
  assert.deepEqual(suggestions(overview(3))[0], 'kubectl delete pod cart-1 -n shop');
});

test('requests of a run are added up way by way, the newest run first', async () => {
  browserLike();
  const { runs } = await load('map/runs.ts');
  const entry = (seq, run, ways, answered) => ({
    seq, type: 'decision', verdict: { action: 'request', result: 'sent', subject: 'http://web', traffic: { run, from: 'pods', sent: 9, answered, ways } },
  });
  const one = { pod: 'default/web-1', node: 'node-1', count: 2 };
  const lost = { node: 'node-2', lost: 'no-route', count: 1 };
  const requests = [entry(1, 1, [one], 2), entry(4, 1, [one, lost], 8), entry(5, 2, [lost], 8), entry(2, 3, [one], 2)];
  const shown = runs({ requests, flowing: (e) => e.seq !== 5 });
  assert.deepEqual(shown.map(({ run, seq, answered }) => [run, seq, answered]), [[2, 5, 8], [1, 4, 8]]);
  assert.deepEqual(shown[0].ways, [], 'what flowed before is not drawn');
  assert.deepEqual(shown[1].ways.map(({ pod, lost, count }) => [pod, lost, count]), [['default/web-1', undefined, 4], [undefined, 'no-route', 1]]);
});
