import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { browserLike, load } from './load.js';

const { en } = await load('i18n/en.ts');
const { zhCN } = await load('i18n/zh-cn.ts');
const placeholders = (text) => [...text.matchAll(/\{\w+\}/g)].map(([p]) => p).sort();

test('both languages have the same keys', () => {
  assert.deepEqual(Object.keys(zhCN).sort(), Object.keys(en).sort());
});

test('every key is used', () => {
  const source = new URL('../../src/', import.meta.url);
  const code = readdirSync(source, { recursive: true })
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('i18n/'))
    .map((name) => readFileSync(new URL(name, source), 'utf8'))
    .join('\n');
  const beginnings = [...code.matchAll(/`([a-z]+\.)\$\{/g)].map(([, beginning]) => beginning);
  const unused = Object.keys(en).filter((key) => !code.includes(`'${key}'`) && !beginnings.some((b) => key.startsWith(b)));
  assert.deepEqual(unused, []);
});

test('both languages fill in the same things', () => {
  for (const key of Object.keys(en)) assert.deepEqual(placeholders(zhCN[key]), placeholders(en[key]), key);
});

test('Chinese is Chinese, with its own punctuation', () => {
  for (const [key, text] of Object.entries(zhCN)) {
    assert.ok(!/[\u4e00-\u9fff][,:;?(]|[,:;?)][\u4e00-\u9fff]/.test(text), `${key}: ${text}`);
    const verbatim = /^(kubectl|kubelet|etcd|part\.kubectl|kubectl …)$/.test(text);
    const assembled = text.replace(/\{\w+\}/g, '').trim() === '';
    assert.ok(verbatim || assembled || /[\u4e00-\u9fff]/.test(text), `${key} is not translated: ${text}`);
  }
});

test('kinds are never translated', () => {
  for (const [key, text] of Object.entries(en)) {
    for (const kind of ['Deployment', 'ReplicaSet', 'Pod', 'kubelet', 'kubectl', 'etcd']) {
      const named = new RegExp(`\\b${kind}s?\\b`).test(text);
      if (named && !key.startsWith('about.')) assert.ok(zhCN[key].includes(kind), `${key} loses ${kind}: ${zhCN[key]}`);
    }
  }
});

test('the language is the one asked for, chosen, or preferred', async () => {
  for (const [languages, want] of [
    [['zh-TW', 'en'], 'zh-cn'],
    [['fr', 'zh'], 'zh-cn'],
    [['en-GB', 'zh'], 'en'],
    [['fr'], 'en'],
  ]) {
    browserLike(languages);
    const { detect, remember } = await load('i18n/index.ts');
    assert.equal(detect(), want, languages.join());
    remember('zh-cn');
    assert.equal(detect(), 'zh-cn');
    globalThis.location = { search: '?lang=en' };
    assert.equal(detect(), 'en');
  }
});

test('every kind of entry has its sentence in both languages', async () => {
  browserLike();
  const { translating } = await load('i18n/index.ts');
  const { sentence } = await load('words.ts');
  const pod = { seq: 1, time: '', resource: 'pods', name: 'web-1' };
  const write = { ...pod, type: 'write', actor: 'scheduler', revision: 9 };
  const decision = { ...pod, type: 'decision', actor: 'kubelet/node-2' };
  const cases = [
    [{ ...write, actor: 'kubectl', verb: 'create' }, 'You created Pod web-1', '你创建了 Pod web-1'],
    [{ ...write, verb: 'create', subresource: 'binding' }, 'scheduler bound Pod web-1 to node-2', 'scheduler 把 Pod web-1 绑定到 node-2'],
    [{ ...write, verb: 'patch', subresource: 'status' }, 'scheduler reported the status of Pod web-1', 'scheduler 报告了 Pod web-1 的状态'],
    [{ ...write, type: 'delivery', verb: 'deleted' }, 'scheduler was told that Pod web-1 is gone', 'scheduler 得知 Pod web-1 已不存在'],
    [
      { ...write, type: 'refused', verb: 'update', code: 409, reason: 'Conflict' },
      'The API server refused what scheduler asked of Pod web-1: 409 Conflict',
      'API 服务器拒绝了 scheduler 对 Pod web-1 的请求：409 Conflict',
    ],
    [
      { ...decision, verb: 'pull', verdict: { action: 'pull', result: 'pulled', subject: 'nginx' } },
      'kubelet/node-2 had nginx pulled for Pod web-1',
      'kubelet/node-2 为 Pod web-1 拉取了 nginx',
    ],
    [
      { ...decision, actor: 'scheduler', verb: 'schedule', verdict: { action: 'schedule', result: 'node-2' } },
      'The scheduler looked at the nodes for Pod web-1 and chose node-2',
      '调度器为 Pod web-1 查看了所有节点，选中 node-2',
    ],
    [
      {
        ...decision, actor: 'traffic', verb: 'request', resource: 'services', name: 'web',
        verdict: { action: 'request', result: 'over', subject: 'http://web', traffic: { run: 1, from: 'pods', service: 'default/web', sent: 9, answered: 7 } },
      },
      'Requests from Pods on all nodes to web: 9 sent, 7 answered, 2 lost',
      '从各节点上的 Pod 到 web 的请求：发出 9，答复 7，丢失 2',
    ],
  ];
  for (const [entry, english, chinese] of cases) {
    assert.equal(sentence(entry, translating(en), 'node-2'), english);
    assert.equal(sentence(entry, translating(zhCN), 'node-2'), chinese);
  }
});
