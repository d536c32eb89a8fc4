import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../i18n';
import type { Store } from '../store';

/** Has requests sent for a while, as a script's `#: requests` does: it is an input like any other. */
export function Send({ store, onSent }: { store: Store; onSent: () => void }) {
  const t = useWords();
  const [places, setPlaces] = useState<string[]>();
  const [to, setTo] = useState('');
  const [rate, setRate] = useState('20');
  const [lasts, setLasts] = useState('30');
  useEffect(
    () =>
      void reachable(store).then((found) => {
        setPlaces(found);
        setTo((typed) => typed || (found[0] ?? ''));
      }),
    [],
  );
  const number = (label: string, value: string, set: (value: string) => void, most: number) => (
    <label>
      <span>{label}</span>
      <input type="number" min="1" max={most} required value={value} onInput={(e) => set(e.currentTarget.value)} />
    </label>
  );
  return (
    <form
      class="registry"
      onSubmit={(e) => {
        e.preventDefault();
        store.send({ type: 'outside', do: 'requests', with: `${to} ${rate}/s ${lasts}s` });
        onSent(); // to what is to be seen
      }}
    >
      {places?.length === 0 && <p>{t('requests.none')}</p>}
      <label>
        <span>{t('requests.to')}</span>
        <input lang="en" required list="places" value={to} onInput={(e) => setTo(e.currentTarget.value)} />
        <datalist id="places">
          {places?.map((place) => <option key={place} value={place} />)}
        </datalist>
      </label>
      {number(t('requests.rate'), rate, setRate, 1000)}
      {number(t('requests.lasts'), lasts, setLasts, 3600)}
      <button class="primary">{t('requests.send')}</button>
    </form>
  );
}

interface Service {
  metadata: { name: string; namespace: string };
  spec: { ports?: { port: number; nodePort?: number }[] };
}

/** Where requests can go: each port of the services, from inside and, at a node's, from outside. */
async function reachable(store: Store): Promise<string[]> {
  const answer = await store.questions.ask({ type: 'get', path: '/api/v1/services', accept: 'application/json', revision: 0 });
  const services: Service[] = answer?.code === 200 ? JSON.parse(answer.body).items : [];
  return services
    .filter(({ metadata }) => metadata.name !== 'kubernetes')
    .flatMap(({ metadata: { name, namespace }, spec: { ports = [] } }) => {
      const host = namespace === 'default' ? name : `${name}.${namespace}`;
      return ports.flatMap(({ port, nodePort }) => [
        `http://${host}${port === 80 ? '' : `:${port}`}`,
        ...(nodePort ? [`outside http://172.18.0.2:${nodePort}`] : []),
      ]);
    });
}
