/** The fields that a line's own is below, by indentation: spec, template, spec, containers. */
export function pathAt(lines: (n: number) => string, number: number): string[] {
  const path: string[] = [];
  const [, lead = '', dashes = ''] = /^(\s*)((?:- +)*)/.exec(lines(number))!;
  let limit = lead.length;
  // An item's list may stand at the very indentation of the field that holds it.
  let item = dashes !== '';
  for (let n = number - 1; n > 0; n--) {
    const found = /^(\s*)((?:- +)*)([\w./-]+):/.exec(lines(n));
    if (!found) continue;
    const indent = found[1]!.length;
    const dash = found[2] !== '';
    const column = indent + found[2]!.length;
    if (item ? column <= limit && !dash : column < limit) {
      path.unshift(found[3]!);
      limit = dash ? indent : column;
      item = dash;
    } else if (!item && column === limit && dash) {
      limit = indent;
      item = true;
    }
  }
  return path;
}
