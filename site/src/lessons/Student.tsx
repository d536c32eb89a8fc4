import { useState } from 'preact/hooks';
import { useWords } from '../i18n';
import type { Lesson } from './lesson';

/** The longest id, in characters; what is handed in allows more bytes than that. */
const longest = 60;

/** Asks who hands the homework in. */
export function Student({ lesson }: { lesson: Lesson }) {
  const t = useWords();
  const [id, setId] = useState('');
  return (
    <form
      class="student"
      onSubmit={(e) => {
        e.preventDefault();
        if (id.trim()) lesson.begin(id.trim());
      }}
    >
      <label for="student">{t('student.label')}</label>
      <input
        id="student"
        value={id}
        maxLength={longest}
        required
        autocomplete="off"
        spellcheck={false}
        aria-describedby="student-why"
        onInput={(e) => setId(e.currentTarget.value)}
      />
      <button type="submit" class="primary">
        {t('student.begin')}
      </button>
      <p id="student-why" class="note">
        {t('student.why')}
      </p>
    </form>
  );
}
