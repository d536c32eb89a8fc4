import type { Kind } from '../objects/api';
import type { ObjectName } from '../store';

/** A part of what was printed; where it names an object, which one. */
export interface Part {
  text: string;
  of?: ObjectName;
}

/** Of longer output nothing is looked for. */
const most = 20_000; // characters

/** Finds the objects that a command's output names: TYPE/NAME anywhere, and the names in a table of one kind. */
export function named(output: string, command: string, kinds: Kind[]): Part[] {
  if (output.length > most) return [{ text: output }];
  const called = (word = '') => kinds.find((k) => k.names.includes(word.split('.')[0]!.toLowerCase()));
  const asked = command.match(/-(?:n|-namespace)[ =](\S+)/)?.[1] ?? 'default';
  const listed = called(command.split(/\s+/).find((word) => called(word)));
  const parts: Part[] = [];
  const say = (text: string, kind?: Kind, namespace = asked) => {
    const of = kind && { group: kind.group, resource: kind.resource, namespace: kind.namespaced ? namespace : '', name: text };
    if (of || !parts.at(-1) || parts.at(-1)!.of) parts.push({ text, of });
    else parts.at(-1)!.text += text;
  };
  let before: RegExp | undefined;
  for (const line of output.split(/(?<=\n)/)) {
    const head = /^(NAMESPACE\s+)?NAME\s/.exec(line);
    if (head) before = head[1] ? /^(\S+)\s+/ : /^/;
    else if (line === '\n') before = undefined;
    let rest = line;
    const row = !head && listed ? before?.exec(line) : undefined;
    const name = row && /^[^\s/]+(?=\s)/.exec(line.slice(row[0].length))?.[0];
    if (row && name) {
      say(row[0]);
      say(name, listed, row[1]);
      rest = line.slice(row[0].length + name.length);
    }
    let at = 0;
    for (const found of rest.matchAll(/\b([A-Za-z]+[a-z.0-9]*\/)([a-z0-9][a-z0-9.-]*[a-z0-9])/g)) {
      const kind = called(found[1]!.slice(0, -1));
      if (!kind) continue;
      say(rest.slice(at, found.index) + found[1]);
      say(found[2]!, kind, row?.[1]);
      at = found.index + found[0].length;
    }
    say(rest.slice(at));
  }
  return parts;
}
