// Packs files into a tar archive (POSIX ustar) that depends on nothing but
// them: names in order, one time, no owner.

const block = 512;

/** A number as tar writes it: octal digits, ended by a NUL. */
const octal = (n, width) => `${n.toString(8).padStart(width - 1, '0')}\0`;

/** Splits a name that is longer than a field of 100 bytes. */
function split(name) {
  if (Buffer.byteLength(name) <= 100) return [name, ''];
  const at = name.indexOf('/', name.length - 101);
  if (at < 0 || at > 155) throw new Error(`${name}: too long for a tar archive`);
  return [name.slice(at + 1), name.slice(0, at)];
}

function header(name, size, mode, time) {
  const head = Buffer.alloc(block);
  const [last, prefix] = split(name);
  head.write(last, 0);
  head.write(octal(mode, 8), 100);
  head.write(octal(0, 8), 108);
  head.write(octal(0, 8), 116);
  head.write(octal(size, 12), 124);
  head.write(octal(time, 12), 136);
  head.fill(' ', 148, 156); // the checksum is taken with blanks in its place
  head.write('0', 156);
  head.write('ustar\x0000', 257);
  head.write(prefix, 345);
  head.write(`${octal(head.reduce((sum, byte) => sum + byte, 0), 7)} `, 148);
  return head;
}

/** The archive of files, by name: {content, mode}; time is in seconds since 1970. */
export function tar(files, time) {
  const parts = Object.keys(files)
    .sort()
    .flatMap((name) => {
      const { content, mode = 0o644 } = files[name];
      return [header(name, content.length, mode, time), content, Buffer.alloc((block - (content.length % block)) % block)];
    });
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}
