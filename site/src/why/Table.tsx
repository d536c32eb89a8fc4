import type { Entry, NodeVerdict } from '../engine/protocol';
import { useWords } from '../i18n';

/** More rows than these are left out. */
const most = 60;

/** The scheduler's decision: each node with what each plugin said of it. */
export function Table({ decision }: { decision: Entry }) {
  const t = useWords();
  const { verdict } = decision;
  const nodes = [...(verdict?.nodes ?? [])].sort((a, b) => rank(a, verdict?.result) - rank(b, verdict?.result));
  if (nodes.length === 0) return null;
  const plugins = [...new Set(nodes.flatMap((n) => (n.scores ?? []).map((s) => s.plugin)))];
  return (
    <section>
      <h4 id="decision">{t('decision.title')}</h4>
      <p>{verdict?.message || t('decision.chosen', { node: verdict?.result ?? '' })}</p>
      <div class="table" tabIndex={0} role="region" aria-labelledby="decision">
        <table lang="en">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Filter</th>
              {plugins.map((p) => (
                <th key={p} scope="col">
                  {p.replace(/([a-z])([A-Z])/g, '$1\u200b$2')}
                </th>
              ))}
              <th scope="col">Total</th>
            </tr>
          </thead>
          <tbody>
            {nodes.slice(0, most).map((n) => (
              <tr key={n.node} data-chosen={n.node === verdict?.result || undefined} data-out={!!n.plugin || undefined}>
                <th scope="row">{n.node}</th>
                <td>{n.plugin ? <>✕ {n.plugin}: {n.reason}</> : '✓'}</td>
                {plugins.map((p) => {
                  const s = n.scores?.find((score) => score.plugin === p);
                  return (
                    <td key={p} title={s && t('decision.weight', { weight: s.weight })}>
                      {s?.score ?? '–'}
                    </td>
                  );
                })}
                <td>
                  <b>{n.plugin ? '–' : n.total}</b>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {nodes.length > most && <p class="note">{t('why.more', { n: nodes.length - most })}</p>}
    </section>
  );
}

/** The one chosen first, then by score, then those filtered out. */
function rank(n: NodeVerdict, chosen: string | undefined): number {
  if (n.node === chosen) return -Infinity;
  return n.plugin ? Infinity : -n.total;
}
