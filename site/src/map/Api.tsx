import type { Entry, Overview, WorkloadView } from '../engine/protocol';
import { useWords } from '../i18n';
import type { Store } from '../store';
import { Glyph } from './glyphs';
import { Pod } from './Pod';
import { Band } from '../time/Rewind';
import { Strip } from './Strip';

/** How many Deployments are shown one by one. */
const shown = 3;

/** The API server, the bar that every arrow starts or ends at, with etcd inside: nobody else reaches it. */
export function Api({ store }: { store: Store }) {
  const t = useWords();
  return (
    <div class="api">
      <div class="api-top">
        <strong>{t('map.api')}</strong>
        <RequestLine entry={store.request} />
        <Legend />
      </div>
      <div class="etcd">
        <span class="etcd-name" lang="en">
          {t('map.etcd')}
        </span>
        <Stored overview={store.overview} store={store} />
        <Strip
          writes={store.writes}
          version={store.version}
          selected={store.selected}
          reading={store.past.reading?.revision}
          related={(revision) => store.related(revision)}
          onSelect={(revision) => store.select(revision)}
        />
        <Band store={store} />
      </div>
      <div class="api-bottom" />
    </div>
  );
}

/** What the two kinds of lane are. */
function Legend() {
  const t = useWords();
  return (
    <span class="legend">
      <span>
        <i class="thick" /> {t('map.legend.write')}
      </span>
      <span>
        <i class="thin" /> {t('map.legend.watch')}
      </span>
    </span>
  );
}

function RequestLine({ entry }: { entry: Entry | undefined }) {
  const t = useWords();
  if (!entry) return <span class="request at-rest">{t('map.api.idle')}</span>;
  return (
    <code class="request" lang="en" data-refused={entry.type === 'refused' || undefined}>
      <b>{entry.method ?? entry.verb}</b> {entry.path ?? `${entry.resource}/${entry.name ?? ''}`} <i>{entry.code}</i>
    </code>
  );
}

/** The Deployments in etcd with their ReplicaSets, and the Pods that have no node yet. */
function Stored({ overview, store }: { overview: Overview | undefined; store: Store }) {
  const t = useWords();
  const deployments = overview?.deployments ?? [];
  const more = deployments.length - shown;
  return (
    <div class="stored">
      {deployments.length === 0 && <span class="empty">{t('map.etcd.empty')}</span>}
      {deployments.slice(0, shown).map((d) => (
        <span class="family" key={`${d.namespace}/${d.name}`}>
          <Thing kind="deployment" it={d} store={store} />
          {newestFirst(overview!.replicaSets, d).map((rs) => (
            <Thing key={rs.name} kind="replicaset" it={rs} store={store} />
          ))}
        </span>
      ))}
      {more > 0 && <span class="empty">{t('map.etcd.more', { n: more })}</span>}
      {overview && overview.waiting > 0 && (
        <span class="waiting">
          {overview.unscheduled.slice(0, 5).map((pod) => (
            <Pod key={pod.name} pod={pod} store={store} small />
          ))}
          {overview.waiting > 5 && <b>{t('map.pods', { n: overview.waiting })}</b>}
          <span>{t('map.unscheduled')}</span>
        </span>
      )}
    </div>
  );
}

/** A Deployment's ReplicaSets: those with replicas, else the last. */
function newestFirst(all: WorkloadView[], d: WorkloadView): WorkloadView[] {
  const own = all.filter((rs) => rs.owner === d.name && rs.namespace === d.namespace);
  const live = own.filter((rs) => rs.desired > 0 || rs.current > 0);
  return (live.length > 0 ? live : own.slice(-1)).slice(0, 3);
}

function Thing({ kind, it, store }: { kind: 'deployment' | 'replicaset'; it: WorkloadView; store: Store }) {
  const open = () => store.open({ group: 'apps', resource: `${kind}s`, namespace: it.namespace, name: it.name });
  return (
    <button type="button" class="thing" onClick={open} data-actor={kind} title={`${it.namespace}/${it.name}`} lang="en">
      <Glyph kind={kind} />
      <span class="thing-name">{it.name}</span>
      <b>
        {it.ready}/{it.desired}
      </b>
    </button>
  );
}
