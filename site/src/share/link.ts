// A link that holds a whole session, a lesson's too, or a small cluster, behind its #: nothing
// of it is ever sent to a server.

export interface Shared {
  /** Seed and inputs, as the engine tells and takes them. */
  session?: string;
  /** A lesson under way, as the page keeps it. */
  lesson?: string;
  /** A cluster, base64. */
  archive?: string;
}

/** Those that are text, and packed. */
const packed = ['session', 'lesson'] as const;

/** The largest session that is unpacked, in bytes; the engine takes no larger one. */
const maxSession = 1 << 20;

/** An address of this page with something shared behind it. */
export async function write(shared: Shared, path: string): Promise<string> {
  const link = new URL(path, location.href);
  const what = packed.find((name) => shared[name]);
  link.hash = what ? `${what}=${await pack(shared[what]!)}` : `cluster=${urlSafe(shared.archive ?? '')}`;
  return link.href;
}

/** What an address shares, undefined where it shares nothing. Throws where it is damaged. */
export async function read(hash: string): Promise<Shared | undefined> {
  const asked = new URLSearchParams(hash.replace(/^#/, ''));
  for (const what of packed) {
    const text = asked.get(what);
    if (text !== null) return { [what]: await unpack(text) };
  }
  const archive = asked.get('cluster');
  if (archive !== null) return { archive: fromUrlSafe(archive) };
  return undefined;
}

async function pack(text: string): Promise<string> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const data = new Uint8Array(await new Response(stream).arrayBuffer());
  let binary = '';
  for (const byte of data) binary += String.fromCharCode(byte);
  return urlSafe(btoa(binary));
}

async function unpack(text: string): Promise<string> {
  const data = Uint8Array.from(atob(fromUrlSafe(text)), (c) => c.charCodeAt(0));
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let out = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return out + decoder.decode();
    out += decoder.decode(value, { stream: true });
    if (out.length > maxSession) {
      await reader.cancel();
      throw new Error(`more than ${maxSession} bytes`);
    }
  }
}

const urlSafe = (base64: string) => base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
const fromUrlSafe = (text: string) => text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((4 - (text.length % 4)) % 4);
