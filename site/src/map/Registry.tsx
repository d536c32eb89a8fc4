import { useState } from 'preact/hooks';
import { useWords } from '../i18n';
import type { Store } from '../store';

/** How a registry answers, as the engine takes it. */
const ways = { late: '30s', fail: 'fail', normal: 'normal' };
type Way = keyof typeof ways;

/** Hands on what is outside of the cluster: how an image comes to the nodes. */
export function Registry({ store }: { store: Store }) {
  const t = useWords();
  const [image, setImage] = useState('nginx');
  const [said, setSaid] = useState<{ image: string; way: Way }>();
  return (
    <div class="registry">
      <label>
        <span>{t('registry.image')}</span>
        <input lang="en" value={image} onInput={(e) => setImage(e.currentTarget.value.trim())} />
      </label>
      <span class="acts">
        {(Object.keys(ways) as Way[]).map((way) => (
          <button
            key={way}
            type="button"
            disabled={!image}
            onClick={() => {
              store.send({ type: 'outside', do: 'pulls', with: `${image} ${ways[way]}` });
              setSaid({ image, way });
            }}
          >
            {t(`pulls.${way}`)}
          </button>
        ))}
      </span>
      <p class="expect" role="status">
        {said && t(`pulls.${said.way}.expect`, { image: said.image })}
      </p>
    </div>
  );
}
