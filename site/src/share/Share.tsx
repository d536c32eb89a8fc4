import { useEffect, useRef, useState } from 'preact/hooks';
import { lessonAddress } from '../lessons/address';
import { Dialog } from '../header/Dialog';
import { useWords } from '../i18n';
import type { Store } from '../store';
import { write } from './link';

/** Opens the dialog with the link that holds this very cluster. */
export function ShareButton({ store }: { store: Store }) {
  const t = useWords();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="link share-open" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {t('share.open')}
      </button>
      {open && <ShareDialog store={store} onClose={() => setOpen(false)} />}
    </>
  );
}

type Answer = { link: string; whole: boolean } | { error: string };

function ShareDialog({ store, onClose }: { store: Store; onClose: () => void }) {
  const t = useWords();
  const field = useRef<HTMLInputElement>(null);
  const [answer, setAnswer] = useState<Answer>();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const share = async () => {
      const lesson = await store.lesson?.shared();
      if (lesson) return setAnswer({ link: await write({ lesson }, lessonAddress(store.lessonId)), whole: true });
      const { session, archive, error = '' } = (await store.questions.ask({ type: 'share' })) ?? {};
      if (!session && !archive) return setAnswer({ error });
      setAnswer({ link: await write(session ? { session } : { archive: archive! }, location.pathname), whole: !!session });
    };
    void share();
  }, []);
  const copy = async (link: string) => {
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      field.current?.select(); // not allowed here: the reader's own hands can
      return;
    }
    setCopied(true);
  };
  return (
    <Dialog class="storage share" title={t('share.title')} onClose={onClose}>
      {!answer && <p role="status">{t('share.making')}</p>}
      {answer && 'error' in answer && (
        <p role="alert" lang="en">
          {answer.error}
        </p>
      )}
      {answer && 'link' in answer && (
        <>
          <p>{t(answer.whole ? 'share.session' : 'share.archive')}</p>
          <p class="named">
            <label for="share-link">{t('share.link')}</label>
            <input id="share-link" ref={field} readOnly value={answer.link} onFocus={(e) => e.currentTarget.select()} />
            <button type="button" onClick={() => void copy(answer.link)}>
              {t('share.copy')}
            </button>
            <span role="status">{copied && t('share.copied')}</span>
          </p>
          <p>{t('share.size', { n: answer.link.length })}</p>
        </>
      )}
    </Dialog>
  );
}
