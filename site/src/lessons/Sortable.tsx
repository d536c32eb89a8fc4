import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useWords } from '../i18n';
import { moved } from './prediction';

interface Props {
  items: string[];
  /** The items as they are now, which may be newer than what is drawn. */
  now: () => string[];
  name: (item: string) => string;
  onOrder: (items: string[]) => void;
  /** Tells those who do not see it where an item has gone. */
  onSay: (words: string) => void;
  onRemove?: (item: string) => void;
  label: string;
  children: (item: string) => ComponentChildren;
}

/** A list that is put in order with buttons or by dragging. */
export function Sortable({ items, now, name, onOrder, onSay, onRemove, label, children }: Props) {
  const t = useWords();
  const list = useRef<HTMLOListElement>(null);
  const [dragged, setDragged] = useState<string>();
  // A button that was pressed keeps the focus when its item moves.
  const pressed = useRef<[item: string, by: string] | undefined>(undefined);
  useLayoutEffect(() => {
    if (!pressed.current) return;
    const [item, by] = pressed.current;
    pressed.current = undefined;
    list.current?.querySelector<HTMLElement>(`[data-item="${item}"] [data-by="${by}"]`)?.focus();
  }, [items.join()]);
  const move = (item: string, by: -1 | 1) => {
    const order = now();
    const to = order.indexOf(item) + by;
    if (to < 0 || to >= order.length) return;
    onOrder(moved(order, to - by, to));
    onSay(t('lesson.movedTo', { what: name(item), n: to + 1, of: order.length }));
  };
  const step = (item: string, i: number, by: -1 | 1) => (
    <button
      type="button"
      data-by={by}
      aria-disabled={by < 0 ? i === 0 : i === items.length - 1}
      aria-label={`${t(by < 0 ? 'lesson.up' : 'lesson.down')}: ${name(item)}`}
      onClick={() => {
        pressed.current = [item, String(by)];
        move(item, by);
      }}
    >
      {by < 0 ? '↑' : '↓'}
    </button>
  );
  return (
    <ol ref={list} class="sortable" aria-label={label}>
      {items.map((item, i) => (
        <li
          key={item}
          data-item={item}
          data-dragged={dragged === item}
          draggable
          onDragStart={(e) => {
            e.dataTransfer?.setData('text/plain', item);
            setDragged(item);
          }}
          onDragOver={(e) => {
            if (!dragged) return;
            e.preventDefault();
            if (dragged !== item) onOrder(moved(now(), now().indexOf(dragged), now().indexOf(item)));
          }}
          onDragEnd={() => setDragged(undefined)}
          onDrop={(e) => e.preventDefault()}
        >
          <b class="place">{i + 1}</b>
          <div class="what">{children(item)}</div>
          <span class="moves">
            {step(item, i, -1)}
            {step(item, i, 1)}
            {onRemove && (
              <button type="button" aria-label={`${t('lesson.remove')}: ${name(item)}`} onClick={() => onRemove(item)}>
                ✕
              </button>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}
