import type { NodeView } from '../engine/protocol';
import { useWords } from '../i18n';
import type { Store } from '../store';
import { Badge, Box, Wires } from './Part';
import { Pod } from './Pod';
import { badge, lanes, type Lanes } from './state';

/** So many nodes are drawn each with its own lanes; more fold to tiles that share a pair. */
export const drawnApart = 4;
/** So many pods are drawn with their names; more are hexagons alone, and still more a bar. */
const named = 3;
const apart = 24;
/** The pods that a node takes, as Kubernetes has it by default. */
const capacity = 110;

interface Props {
  store: Store;
  open: string | undefined;
  onOpen: (actor: string) => void;
}

export function Nodes({ store, open, onOpen }: Props) {
  const t = useWords();
  const nodes = store.overview?.nodes ?? placeholders;
  if (nodes.length > drawnApart) return <Folded store={store} nodes={nodes} open={open} onOpen={onOpen} />;
  return (
    <ul class="nodes" aria-label={t('map.nodes', { n: nodes.length })}>
      {nodes.map((node) => (
        <Node key={node.name} store={store} node={node} open={open} onOpen={onOpen} />
      ))}
    </ul>
  );
}

const placeholders: NodeView[] = [1, 2, 3].map((n) => ({
  name: `node-${n}`,
  ready: true,
  images: [],
  pods: [],
  total: 0,
  running: 0,
}));

function Node({ store, node, open, onOpen }: Props & { node: NodeView }) {
  const t = useWords();
  const actor = `kubelet/${node.name}`;
  const state = lanes(store, actor);
  const pulled = store.past.reading ? [] : (store.pulled.get(node.name) ?? []);
  const images = [...new Set([...node.images, ...pulled].map(shortImage))];
  return (
    <li class="node" data-actor="kubelet" data-node={node.name} data-ready={node.ready} data-touched={store.touched.has(actor) || undefined}>
      <Wires lanes={state} watch={[{ n: 8, lit: badge(store, 8, actor) }]} />
      <div class="node-box">
        <Box
          actor={actor}
          name={`${t('part.kubelet')}`}
          state={store.actors.find((a) => a.name === actor)}
          open={open === actor}
          lit={state.write === 'now' || state.watch === 'now' || store.lit?.actor === actor}
          onOpen={() => onOpen(actor)}
        />
        <b class="node-name" lang="en">
          {node.name}
          {!node.ready && <em>{t('map.notReady')}</em>}
        </b>
        <div class="images">
          <Badge n={9} lit={badge(store, 9, actor)} />
          {images.length === 0 && <span class="empty">{t('map.images.none')}</span>}
          {images.slice(-3).map((image) => (
            <span class="image" key={image} lang="en" title={image}>
              {image}
            </span>
          ))}
        </div>
        <div class="pods">
          <Badge n={10} lit={badge(store, 10, actor)} />
          <Pods node={node} store={store} />
        </div>
      </div>
    </li>
  );
}

/** docker.io/library/nginx:latest → nginx */
function shortImage(image: string): string {
  return image
    .replace(/^docker\.io\/(library\/)?/, '')
    .replace(/@sha256:.*$/, '')
    .replace(/:latest$/, '');
}

function Pods({ node, store, most = named }: { node: NodeView; store: Store; most?: number }) {
  const t = useWords();
  if (node.total === 0) return <span class="empty">{t('map.pods.none')}</span>;
  if (node.total > apart) return <Bar node={node} />;
  const words = node.total <= most;
  return (
    <ul class={words ? 'pod-list' : 'pod-grid'}>
      {node.pods.map((pod) => (
        <li key={`${pod.namespace}/${pod.name}`}>
          <Pod pod={pod} store={store} small={!words} />
        </li>
      ))}
    </ul>
  );
}

function Bar({ node }: { node: NodeView }) {
  const t = useWords();
  return (
    <span class="bar">
      <meter min={0} max={Math.max(capacity, node.total)} value={node.running} aria-label={node.name} />
      <small>
        {t('map.pods', { n: node.total })} · {t('map.running', { n: node.running })}
      </small>
    </span>
  );
}

function Folded({ store, nodes, open, onOpen }: Props & { nodes: NodeView[] }) {
  const t = useWords();
  const acting = store.lit?.actor.startsWith('kubelet/') ? store.lit.actor : '';
  return (
    <div class="folded" data-actor="kubelet">
      <Wires
        lanes={together(store, nodes)}
        watch={[8, 9, 10].map((n) => ({ n, lit: store.chain[n] ? (store.lit?.step === n ? 'now' : 'done') : 'rest' }))}
      />
      <Box
        actor="kubelets"
        kind="kubelet"
        name={`${nodes.length} ${t('part.kubelets')}`}
        open={open === 'kubelets'}
        lit={acting !== ''}
        onOpen={() => onOpen('kubelets')}
      />
      <ul class="tiles" tabIndex={0} aria-label={t('map.nodes', { n: nodes.length })}>
        {nodes.map((node) => (
          <li key={node.name} data-lit={acting === `kubelet/${node.name}`} data-node={node.name} data-ready={node.ready}>
            <b lang="en">{node.name}</b>
            <Pods node={node} store={store} most={0} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The lanes that all kubelets share: those of the one that did something last. */
function together(store: Store, nodes: NodeView[]): Lanes {
  const all = nodes.map((node) => lanes(store, `kubelet/${node.name}`));
  return all.find((l) => l.key > 0) ?? all.find((l) => l.write !== 'rest' || l.watch !== 'rest') ?? all[0]!;
}
