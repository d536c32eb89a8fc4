import { useEffect, useRef, useState } from 'preact/hooks';
import { kindOf } from '../engine/actors';
import type { Entry, Speed } from '../engine/protocol';
import { useWords } from '../i18n';
import { Glyph } from '../map/glyphs';
import type { Store } from '../store';
import { sentence } from '../words';
import { Walk } from './Rewind';

const speeds: Speed[] = ['slow', 'watch', 'real', 'once'];

const icons = {
  play: 'M6 4v12l10-6z',
  pause: 'M6 4v12m8-12v12',
  step: 'M5 5v10l6-5zm9 0v10',
  write: 'M4 4v12l5.500-6zm6 0v12l5.500-6zm7 0v12',
};

/** Pause, step, speed; and in one sentence what has just happened. */
export function Controls({ store }: { store: Store }) {
  const t = useWords();
  return (
    <section class="panel time" aria-label={t('time.label')}>
      <div class="buttons">
        <Walk store={store} />
        {store.past.at === undefined && <Play store={store} />}
      </div>
      {store.past.at === undefined ? <Happening store={store} /> : <Banner store={store} />}
    </section>
  );
}

/** How the present goes on. */
function Play({ store }: { store: Store }) {
  const t = useWords();
  const frame = store.frame;
  const playing = frame?.playing ?? true;
  const idle = store.phase !== 'ready';
  return (
    <>
      <Button
        icon={playing ? 'pause' : 'play'}
        label={t(playing ? 'time.pause' : 'time.play')}
        disabled={idle}
        onPress={() => store.send({ type: playing ? 'pause' : 'play' })}
      />
      <Button icon="step" label={t('time.step')} disabled={idle} onPress={() => store.send({ type: 'step' })} />
      <Button icon="write" label={t('time.stepWrite')} disabled={idle} onPress={() => store.send({ type: 'stepWrite' })} />
      <button type="button" class="skip-time" disabled={idle} title={t('time.skip.title')} onClick={() => store.send({ type: 'advance', seconds: 60 })}>
        {t('time.skip')}
      </button>
      <label class="choice speed">
        <span class="visually-hidden">{t('time.speed')}</span>
        <select
          value={frame?.speed ?? 'watch'}
          disabled={idle}
          onChange={(e) => store.send({ type: 'speed', speed: e.currentTarget.value as Speed })}
        >
          {speeds.map((speed) => (
            <option key={speed} value={speed}>
              {t(`speed.${speed}`)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}

interface ButtonProps {
  icon: keyof typeof icons;
  label: string;
  disabled: boolean;
  onPress: () => void;
}

function Button({ icon, label, disabled, onPress }: ButtonProps) {
  return (
    <button type="button" data-act={icon} disabled={disabled} onClick={onPress} title={label}>
      <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
        <path d={icons[icon]} />
      </svg>
      <span>{label}</span>
    </button>
  );
}

/** Says that what is shown is past, and how to leave it. */
function Banner({ store }: { store: Store }) {
  const t = useWords();
  const { reading, at = 0 } = store.past;
  const n = reading?.revision ?? at;
  const entry = reading?.entry;
  return (
    <div class="happening banner" data-actor={entry ? kindOf(entry.actor) : undefined}>
      <p role="status">
        <strong>{t('past.reading', { n, head: store.frame?.revision ?? n })}</strong>{' '}
        {store.past.refused ? <span lang="en">{store.past.refused}</span> : entry && sentence(entry, t, boundTo(store, entry))}
      </p>
      <span class="acts">
        <button type="button" class="primary" onClick={() => store.past.go(undefined)}>
          {t('past.return')}
        </button>
        <button type="button" onClick={() => store.wantFork(n)}>
          {t('past.fork')}
        </button>
      </span>
    </div>
  );
}

/** Where a binding put its pod, if that is known. */
export function boundTo(store: Store, entry: Entry): string | undefined {
  return store.chosen.get(`${entry.namespace}/${entry.name}`);
}

/** The sentence under the light. The live region beside it speaks no faster than can be heard. */
function Happening({ store }: { store: Store }) {
  const t = useWords();
  const now = store.now;
  const words = now ? sentence(now, t, store.chosen.get(`${now.namespace}/${now.name}`)) : t('time.rest');
  const playing = store.frame?.playing ?? true;
  return (
    <p class="happening" data-actor={now ? kindOf(now.actor) : undefined}>
      {now && <Glyph kind={kindOf(now.actor)} />}
      <span class="sentence">{words}</span>
      {now?.revision ? (
        <button type="button" class="link" onClick={() => store.select(now.revision)}>
          {t('writes.revision', { n: now.revision })}
        </button>
      ) : null}
      {!playing && store.frame?.next && (
        <small title={store.frame.next}>{t('time.next', { what: store.frame.next })}</small>
      )}
      <Spoken words={now ? words : ''} at={now?.seq ?? 0} every={playing ? 1500 : 0} />
    </p>
  );
}

/** A live region that takes up the newest words at most every so many milliseconds. */
function Spoken({ words, at, every }: { words: string; at: number; every: number }) {
  const [said, say] = useState('');
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + every - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      say(words);
    }, wait);
    return () => clearTimeout(timer);
  }, [at, words]);
  return (
    <span class="visually-hidden" role="status" aria-live="polite">
      {said}
    </span>
  );
}
