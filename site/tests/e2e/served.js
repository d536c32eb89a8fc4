// A `tabernetes serve` of the built page, and a client of its API.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const site = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Builds the command once, into a folder of its own, with a data folder beside it. */
export function workshop() {
  const dir = mkdtempSync(join(tmpdir(), 'tabernetes-serve-'));
  const command = join(dir, 'tabernetes');
  execFileSync('go', ['build', '-o', command, './cmd/tabernetes'], { cwd: dirname(site) });
  return { dir, command, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Starts the command; ports are those of a server before, so that its pages find this one. */
export async function startServe({ dir, command }, ports = { api: 0, page: 0 }) {
  const args = ['serve', '--data', join(dir, 'data'), '--speed', 'max', '--page', join(site, 'dist')];
  const child = spawn(command, [...args, '--addr', `127.0.0.1:${ports.api}`, '--page-addr', `127.0.0.1:${ports.page}`]);
  let said = '';
  const greeted = new Promise((resolve, reject) => {
    const hear = (data) => {
      said += data;
      if (said.includes('Ctrl-C')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', () => reject(new Error(said)));
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  await greeted;
  const config = readFileSync(join(dir, 'data', 'kubeconfig'), 'utf8');
  const find = (pattern) => pattern.exec(config)[1];
  const server = find(/server: (\S+)/);
  const page = /http:\S+/.exec(said)[0];
  return {
    page,
    ports: { api: new URL(server).port, page: new URL(page).port },
    /** Asks the API as any client does. */
    ask: (method, path, body) =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${find(/token: (\S+)/)}`, 'content-type': 'application/json', 'user-agent': 'kubectl/v1.36.3' };
        const ca = Buffer.from(find(/certificate-authority-data: (\S+)/), 'base64');
        const sent = request(server + path, { method, headers, ca }, async (answer) => {
          let text = '';
          for await (const chunk of answer) text += chunk;
          resolve({ code: answer.statusCode, body: JSON.parse(text) });
        });
        sent.on('error', reject);
        sent.end(body && JSON.stringify(body));
      }),
    end: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
