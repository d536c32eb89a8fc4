// The pure parts of the lessons: predictions, progress, addresses.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { browserLike, load } from './load.js';

let prediction, progress, address;

before(async () => {
  browserLike();
  prediction = await load('lessons/prediction.ts');
  progress = await load('lessons/progress.ts');
  address = await load('lessons/address.ts');
});

const empty = { order: [], causes: {}, actors: {} };

test('a block is put once, or once for each object', () => {
  const { nextOf, put } = prediction;
  const once = put(empty, nextOf(empty, { id: 'wish' }));
  assert.deepEqual(once.order, ['wish']);
  assert.equal(nextOf(once, { id: 'wish' }), undefined);
  let many = empty;
  for (let i = 0; i < 9; i++) many = put(many, nextOf(many, { id: 'pod', each: true }));
  assert.deepEqual(many.order.slice(-2), ['pod/8', 'pod/9']);
  assert.equal(nextOf(many, { id: 'pod', each: true }), undefined);
});

test('objects are numbered as they first come, in causes too', () => {
  const given = {
    order: ['a/2', 'a/1', 'b/1', 'b/2'],
    causes: { 'b/1': ['a/1'], 'b/2': ['a/2'], gone: ['a/1'] },
    actors: { a: 'x', gone: 'y' },
  };
  assert.deepEqual(prediction.toAnswer(given), {
    order: ['a/1', 'a/2', 'b/2', 'b/1'],
    causes: [['a/2', 'b/2'], ['a/1', 'b/1']],
    actors: { a: 'x' },
  });
});

test('an answer and a prediction say the same', () => {
  const answer = { order: ['w', 'n', 'p/1'], causes: [['w', 'n'], ['w', 'p/1'], ['n', 'p/1']], actors: { w: 'kubectl' } };
  assert.deepEqual(prediction.toAnswer(prediction.fromAnswer(answer)), answer);
  assert.deepEqual(prediction.fromAnswer(undefined), empty);
});

test('taking an event out takes it out of the causes', () => {
  const rest = prediction.takeOut({ order: ['a', 'b', 'c'], causes: { b: ['a'], c: ['a', 'b'] }, actors: {} }, 'a');
  assert.deepEqual(rest, { order: ['b', 'c'], causes: { b: [], c: ['b'] }, actors: {} });
});

test('causes are named one by one, and taken back', () => {
  const { withCause } = prediction;
  let p = withCause(empty, 'b', 0, 'a');
  p = withCause(p, 'b', 1, 'c');
  assert.deepEqual(p.causes.b, ['a', 'c']);
  p = withCause(p, 'b', 1, 'a');
  assert.deepEqual(p.causes.b, ['a'], 'no cause twice');
  assert.deepEqual(withCause(p, 'b', 0, '').causes.b, []);
});

test('a list is put in order', () => {
  assert.deepEqual(prediction.moved(['a', 'b', 'c'], 0, 2), ['b', 'c', 'a']);
  assert.deepEqual(prediction.moved(['a', 'b', 'c'], 2, 0), ['c', 'a', 'b']);
});

test('a prediction is laid over what happened', () => {
  const notes = [
    { code: 'misconception', event: 'myth' },
    { code: 'surplus', event: 'pod/3' },
    { code: 'missing', event: 'set' },
    { code: 'move', event: 'pod/1' },
    { code: 'actor', event: 'pod' },
    { code: 'cause', event: 'due' },
  ];
  const state = { prediction: { notes }, said: { en: { notes: notes.map((n) => `about ${n.event}`) } } };
  const happened = ['wish', 'set', 'pod/1', 'pod/2', 'due'].map((event, i) => ({ event, seq: i, actor: 'a', name: 'n' }));
  const rows = prediction.overlay(['pod/1', 'wish', 'due', 'myth', 'pod/3', 'later'], happened, state, 'en');
  assert.deepEqual(
    rows.map((r) => [r.event, r.verdict, r.place, r.said]),
    [
      ['wish', 'right', 2, []],
      ['set', 'missing', 0, ['about set']],
      ['pod/1', 'moved', 1, ['about pod/1', 'about pod']],
      ['pod/2', 'missing', 0, []],
      ['due', 'partly', 3, ['about due']],
      ['myth', 'never', 4, ['about myth']],
      ['pod/3', 'never', 5, ['about pod/3']],
      ['later', 'ahead', 6, []],
    ],
  );
});

test('progress belongs to a lesson’s content: the best counts, a change loses and fakes nothing', () => {
  const { note, standing } = progress;
  assert.deepEqual(standing({}, 'l', 'h1'), ['new']);
  let p = note({}, 'l', 'h1', { points: 3, of: 5 });
  p = note(p, 'l', 'h1', { points: 2, of: 5 });
  assert.deepEqual(standing(p, 'l', 'h1'), ['begun', { points: 3, of: 5 }]);
  p = note(p, 'l', 'h1', { points: 5, of: 5 });
  assert.deepEqual(standing(p, 'l', 'h1'), ['done', { points: 5, of: 5 }]);
  assert.deepEqual(standing(p, 'l', 'h2'), ['changed', { points: 5, of: 5 }]);
  p = note(p, 'l', 'h2', { points: 1, of: 6 });
  assert.deepEqual(standing(p, 'l', 'h2'), ['begun', { points: 1, of: 6 }]);
  assert.deepEqual(standing(p, 'l', 'h1'), ['done', { points: 5, of: 5 }]);
});

const work = (hash) => ({ hash, student: 'ada', step: 2, hints: { q: 1 }, saved: '{}', drafts: {} });

test('progress leaves as a file and comes back, beside what is there', () => {
  browserLike();
  const { exported, imported, keepProgress, keepWork, loadProgress, loadWork } = progress;
  keepProgress({ l: { h1: { points: 3, of: 5 } }, m: { h: { points: 1, of: 2 } } });
  keepWork('l', work('h1'));
  keepWork('m', work('h'));
  const file = exported(['l', 'm', 'never-begun']);
  browserLike();
  keepProgress({ l: { h1: { points: 4, of: 5 } } });
  keepWork('l', { ...work('h1'), step: 4 });
  assert.deepEqual(imported(file), ['l']);
  assert.deepEqual(loadProgress(), { l: { h1: { points: 4, of: 5 } }, m: { h: { points: 1, of: 2 } } });
  assert.equal(loadWork('l').step, 4, 'work under way is not overwritten');
  assert.deepEqual(loadWork('m'), work('h'));
});

test('a file that is none of ours changes nothing', () => {
  browserLike();
  const { imported, loadProgress, loadWork } = progress;
  for (const text of ['', 'x', '[]', '{"format":"other"}']) assert.equal(imported(text), undefined, text);
  const odd = { format: 'tabernetes/progress/v1', progress: { l: { h: { points: 'x' }, i: null } }, works: { l: { hash: 1 }, m: 7 } };
  assert.deepEqual(imported(JSON.stringify(odd)), []);
  assert.deepEqual(loadProgress(), {});
  assert.equal(loadWork('l'), undefined);
});

test('a lesson has an address under any path', () => {
  const { lessonAddress, lessonIn } = address;
  assert.equal(lessonIn('?lesson=ten-steps&lang=en'), 'ten-steps');
  for (const none of ['', '?lesson=', '?lesson=../x', '?lesson=A', '?cluster=a']) assert.equal(lessonIn(none), undefined, none);
  const at = { pathname: '/a/b/', search: '?lang=zh-cn&nodes=9&course' };
  assert.equal(lessonAddress('homework', at), '/a/b/?lang=zh-cn&lesson=homework');
  assert.equal(lessonAddress(undefined, { pathname: '/', search: '?lesson=x' }), '/');
});
