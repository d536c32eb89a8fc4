import { nodeOf } from '../engine/actors';
import { useWords, type Translate } from '../i18n';
import { Glyph } from '../map/glyphs';
import { actorName } from '../words';
import { laneX } from './Diagram';
import type { Lane } from './lanes';

/** The lanes' names, as glyphs: the names themselves are said with each row. */
export function Heads({ lanes, step }: { lanes: Lane[]; step: number }) {
  const t = useWords();
  return (
    <div class="heads" aria-hidden="true" style={{ width: `${lanes.length * step}px` }}>
      {lanes.map((lane, i) => (
        <span key={lane.id} data-actor={lane.kind} title={laneName(lane, t)} style={{ left: `${laneX(i, step)}px` }}>
          {lane.kind === 'etcd' ? 'etcd' : <Glyph kind={lane.kind} />}
          {lane.mark && <small>{lane.mark}</small>}
        </span>
      ))}
    </div>
  );
}

function laneName(lane: Lane, t: Translate): string {
  switch (lane.id) {
    case 'etcd':
      return `${t('map.api')} · etcd`;
    case 'kubelets':
      return t('part.kubelets');
    case 'others':
      return t('part.others');
    default:
      return nodeOf(lane.id) ? `${t('part.kubelet')} · ${nodeOf(lane.id)}` : actorName(lane.id, t);
  }
}
