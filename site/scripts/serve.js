// Serves the built page on loopback: `npm run serve`, PORT says where (8080).
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, dirname, extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist');

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.gz': 'application/gzip',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

/** The file that a request's path means, undefined when there is none. */
function file(base, url) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return undefined;
  }
  if (!path.startsWith(base)) return undefined;
  const name = normalize(join(dist, path.slice(base.length)));
  if (name !== dist && !name.startsWith(dist + sep)) return undefined;
  const found = existsSync(name) && statSync(name).isDirectory() ? join(name, 'index.html') : name;
  return existsSync(found) ? found : undefined;
}

/** A server of the built page under base, a path that ends in a slash; change may put other bytes in a file's place, pause
 * says how many milliseconds lie between a file's halves. */
export function server(base = '/', change = (_name, content) => content, pause = () => 0) {
  return createServer((request, response) => {
    const name = file(base, request.url ?? '/');
    if (!name || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(name ? 405 : 404, { 'content-type': 'text/plain' });
      response.end(name ? 'method not allowed\n' : 'not found\n');
      return;
    }
    const content = change(basename(name), readFileSync(name));
    const hashed = name.includes(`${sep}assets${sep}`);
    response.writeHead(200, {
      'content-type': types[extname(name)] ?? 'application/octet-stream',
      'content-length': content.length,
      'cache-control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    if (request.method === 'HEAD') return response.end();
    const half = pause(basename(name)) > 0 ? content.length >> 1 : 0;
    if (half > 0) response.write(content.subarray(0, half));
    setTimeout(() => response.end(content.subarray(half)), half > 0 ? pause(basename(name)) : 0);
  });
}

function main() {
  if (!existsSync(join(dist, 'index.html'))) {
    console.error('error: the page is not built yet: run `make build` first');
    process.exit(1);
  }
  const port = Number(process.env.PORT ?? 8080);
  const web = server();
  web.on('error', (err) => {
    const busy = err.code === 'EADDRINUSE';
    console.error(`error: ${busy ? `port ${port} is taken: choose another with PORT=…` : err.message}`);
    process.exit(1);
  });
  web.listen(port, '127.0.0.1', () => console.log(`Tabernetes is at http://127.0.0.1:${port}`));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
