import type { Entry, NodeVerdict } from '../engine/protocol';
import { useWords } from '../i18n';

/** More rows than these are left out. */
const most = 60;

/** The scheduler's decision: each node with what each plugin said of it. */
export function Table({ decision }: { decision: Entry }) {
  const t = useWords();
  const { verdict } = decision;
  const chosen = verdict?.nominated || verdict?.result;
  const nodes = [...(verdict?.nodes ?? [])].sort((a, b) => rank(a, chosen) - rank(b, chosen));
  if (nodes.length === 0) return null;
  // A node has passed every filter before the one that has turned it away.
  const filters = [...new Set([...(verdict?.filters ?? []), ...nodes.flatMap((n) => n.plugin ?? [])])];
  const plugins = [...new Set(nodes.flatMap((n) => (n.scores ?? []).map((s) => s.plugin)))];
  return (
    <section>
      <h4 id="decision">{t('decision.title')}</h4>
      <p>{verdict?.message || t('decision.chosen', { node: verdict?.result ?? '' })}</p>
      {verdict?.nominated && <p>{t('decision.preempts', { node: verdict.nominated, pods: verdict.victims?.join(', ') ?? '' })}</p>}
      <div class="table" tabIndex={0} role="region" aria-labelledby="decision">
        <table lang="en">
          <thead>
            <tr>
              <th rowSpan={2} scope="col">Node</th>
              {filters.length > 0 && <th colSpan={filters.length} scope="colgroup">Filter</th>}
              {plugins.length > 0 && <th colSpan={plugins.length} scope="colgroup">Score</th>}
              <th rowSpan={2} scope="col">Total</th>
            </tr>
            <tr>
              {[...filters, ...plugins].map((p, i) => (
                <th key={i} scope="col">
                  {p.replace(/([a-z])([A-Z])/g, '$1\u200b$2')}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {nodes.slice(0, most).map((n) => (
              <tr key={n.node} data-chosen={n.node === chosen || undefined}>
                <th scope="row">{n.node}</th>
                {filters.map((p, i) => (
                  <td key={p} data-out={p === n.plugin || undefined}>
                    {p === n.plugin ? `✕ ${n.reason}` : n.plugin && filters.indexOf(n.plugin) < i ? '' : '✓'}
                  </td>
                ))}
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
