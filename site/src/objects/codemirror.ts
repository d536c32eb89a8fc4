// CodeMirror with YAML, and completion and hover from a schema.
import { autocompletion, completionKeymap, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { EditorState, type Text } from '@codemirror/state';
import { drawSelection, EditorView, hoverTooltip, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Lookup, Schema } from './schema';
import { pathAt } from './path';

export interface Editor {
  text(): string;
  close(): void;
}

/** Puts an editor into a place. It lives in a shadow tree, whose style sheets the page's policy allows to be made by a script. */
export function openEditor(place: HTMLElement, text: string, label: string, load: () => Promise<Lookup>): Editor {
  const root = place.shadowRoot ?? place.attachShadow({ mode: 'open' });
  let lookup: Lookup = () => undefined;
  load().then(
    (found) => (lookup = found),
    // Without a schema there is neither completion nor hover; the text can be edited all the same.
    () => {},
  );
  const complete = (context: CompletionContext) => propose(context, lookup);
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        indentOnInput(),
        yaml(),
        syntaxHighlighting(colours),
        autocompletion({ override: [complete], icons: false }),
        hoverTooltip((view, at) => explain(view, at, lookup)),
        // Tab stays the keyboard's way out.
        keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', lang: 'en' }),
        looks,
      ],
    }),
  });
  view.scrollDOM.tabIndex = 0; // it scrolls, so the keyboard must get there
  view.focus();
  return { text: () => view.state.doc.toString(), close: () => view.destroy() };
}

/** Where the cursor is: at a field's name or value, below which path. */
function placeOf(doc: Text, pos: number): { path: string[]; field: string; from: number; value: boolean } | undefined {
  const line = doc.lineAt(pos);
  const before = line.text.slice(0, pos - line.from);
  const found = /^(\s*(?:- +)*)([\w./-]*)(:\s+)?(\S*)$/.exec(before);
  if (!found) return undefined;
  const [, , field = '', colon, value = ''] = found;
  const path = pathAt((n) => doc.line(n).text, line.number);
  return { path, field, from: pos - (colon ? value : field).length, value: !!colon };
}

function propose(context: CompletionContext, lookup: Lookup): CompletionResult | null {
  const place = placeOf(context.state.doc, context.pos);
  if (!place) return null;
  if (place.value) {
    const schema = lookup([...place.path, place.field]);
    const values = schema?.enum ?? (schema?.type === 'boolean' ? ['true', 'false'] : []);
    return values.length > 0 ? { from: place.from, options: values.map((label) => ({ label: String(label) })) } : null;
  }
  if (!place.field && !context.explicit) return null;
  const schema = lookup(place.path);
  if (!schema?.properties) return null;
  const options = Object.keys(schema.properties).map((label): Completion => {
    const field = lookup([...place.path, label]);
    const holds = field?.type === 'object' || field?.type === 'array' || field?.properties;
    return {
      label,
      apply: holds ? `${label}:` : `${label}: `,
      detail: field?.type ?? '',
      info: field?.description,
      boost: schema.required?.includes(label) ? 1 : 0,
    };
  });
  return { from: place.from, options, validFor: /^[\w./-]*$/ };
}

function explain(view: EditorView, pos: number, lookup: Lookup) {
  const line = view.state.doc.lineAt(pos);
  const found = /^(\s*(?:- +)*)([\w./-]+):/.exec(line.text);
  if (!found) return null;
  const start = line.from + found[1]!.length;
  const end = start + found[2]!.length;
  if (pos < start || pos > end) return null;
  const schema = lookup([...pathAt((n) => view.state.doc.line(n).text, line.number), found[2]!]);
  return schema ? { pos: start, end, above: true, create: () => ({ dom: tip(found[2]!, schema) }) } : null;
}

function tip(name: string, schema: Schema): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'tip';
  const head = dom.appendChild(document.createElement('b'));
  head.textContent = `${name}${schema.type ? `: ${schema.type}` : ''}`;
  dom.append(document.createElement('br'), schema.description ?? '');
  return dom;
}

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--actor-deployment)' },
  { tag: tags.string, color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--actor-replicaset)' },
  { tag: tags.comment, color: 'var(--muted)' },
]);

const looks = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'var(--sunken)', fontSize: '0.82rem' },
  '&.cm-focused': { outline: '2.5px solid var(--focus)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--muted)', border: '0' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'color-mix(in oklab, var(--focus) 30%, transparent)',
  },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--ink)', border: '1px solid var(--strong-line)', maxWidth: '420px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--bar)', color: 'var(--bar-ink)' },
  '.cm-completionInfo, .tip': { padding: '6px 9px', fontFamily: 'var(--sans)', fontSize: '0.82rem', maxHeight: '180px', overflow: 'auto' },
});
