import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tar } from '../../scripts/tar.js';

const time = 1_700_000_000;
const long = `${'deep/'.repeat(24)}file.txt`;
const files = {
  'run/command': { content: Buffer.from('#!/bin/sh\necho ran\n'), mode: 0o755 },
  'run/empty': { content: Buffer.alloc(0) },
  'run/page': { content: Buffer.alloc(1234, 'x') },
  [long]: { content: Buffer.from('deep') },
};

test('tar unpacks what was packed, with its mode and time', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tar-'));
  try {
    writeFileSync(join(dir, 'a.tar'), tar(files, time));
    execFileSync('tar', ['-xf', 'a.tar'], { cwd: dir });
    for (const [name, { content }] of Object.entries(files)) assert.deepEqual(readFileSync(join(dir, name)), content, name);
    const { mode, mtimeMs } = statSync(join(dir, 'run/command'));
    assert.equal(mode & 0o777, 0o755);
    assert.equal(mtimeMs, time * 1000);
    assert.equal(execFileSync(join(dir, 'run/command'), { encoding: 'utf8' }), 'ran\n');
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('the order in which files come changes nothing', () => {
  const turned = Object.fromEntries(Object.entries(files).reverse());
  assert.deepEqual(tar(turned, time), tar(files, time));
});

test('a name too long for the format is refused', () => {
  assert.throws(() => tar({ ['x'.repeat(300)]: { content: Buffer.alloc(1) } }, time), /too long/);
});
