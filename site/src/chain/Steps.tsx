import type { Entry } from '../engine/protocol';
import { useWords, type Key } from '../i18n';
import { kindOf, type Kind } from '../engine/actors';
import type { Chain, Step } from './chain';

const actors: Kind[] = [
  'kubectl',
  'deployment',
  'deployment',
  'replicaset',
  'replicaset',
  'scheduler',
  'scheduler',
  'kubelet',
  'kubelet',
  'kubelet',
];

interface Props {
  chain: Chain;
  now: Entry | undefined;
  onSelect: (revision: number) => void;
}

/** The ten steps in words; those that have happened are lit. */
export function Steps({ chain, now, onSelect }: Props) {
  const t = useWords();
  return (
    <section class="panel steps" aria-labelledby="steps-title">
      <h2 id="steps-title">{t('intro.title')}</h2>
      <p class="intro">{t('intro.text')}</p>
      <h3>{t('intro.steps')}</h3>
      <ol>
        {actors.map((kind, i) => (
          <Item key={i} n={i + 1} kind={kind} step={chain[i + 1]} now={now} onSelect={onSelect} />
        ))}
      </ol>
    </section>
  );
}

interface ItemProps extends Pick<Props, 'onSelect'> {
  n: number;
  kind: Kind;
  step: Step | undefined;
  now: Entry | undefined;
}

function Item({ n, kind, step, now, onSelect }: ItemProps) {
  const t = useWords();
  const lit = step && now?.step === n;
  return (
    <li
      data-step={n}
      data-actor={step ? kindOf(step.entry.actor) : kind}
      data-state={lit ? 'now' : step ? 'done' : 'ahead'}
    >
      <span class="mark">
        <b class="badge" aria-hidden="true">
          {n}
        </b>
        {step && <Proof step={step} onSelect={onSelect} />}
      </span>
      <span>{t(wording(n, step))}</span>
    </li>
  );
}

/** A step that changes what is there is told otherwise than one that makes it. */
function wording(n: number, step: Step | undefined): Key {
  const verb = step?.entry.verb;
  if ((n === 1 || n === 3) && verb && verb !== 'create') return `chain.${n}.changed`;
  if (n === 5 && verb === 'delete') return 'chain.5.deleted';
  return `chain.${n}` as Key;
}

/** What shows that a step has happened: the revision that was written or told of. */
function Proof({ step: { entry, times }, onSelect }: Pick<Props, 'onSelect'> & { step: Step }) {
  const t = useWords();
  const revision = entry.revision;
  if (!revision) return times > 1 ? <small>×{times}</small> : null;
  const title = t('writes.revision', { n: revision });
  return (
    <button
      type="button"
      class="proof"
      title={times > 1 ? `${title} · ${t('intro.times', { n: times })}` : title}
      onClick={() => onSelect(revision)}
    >
      {revision}
    </button>
  );
}
