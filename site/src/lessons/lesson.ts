import type { Answer, ChecksEvent, CheckState, KeptEvent, LessonRequest, OpenedEvent, Request } from '../engine/protocol';
import type { Questions } from '../engine/questions';
import type { Language } from '../i18n';
import { packOf, pageOf, type Page, type PageCheck, type PageStep } from './page';
import { keepProgress, keepWork, loadProgress, loadWork, note, parse, readWork, type Result, type Work } from './progress';

type Heard = OpenedEvent | ChecksEvent | KeptEvent;

/** A lesson being done: what is shown of it, and what the engine says about it. */
export class Lesson {
  page: Page | undefined;
  language: Language = 'en';
  /** The lesson's files could not be had. */
  missing = '';
  opened: OpenedEvent | undefined;
  checks: ChecksEvent | undefined;
  /** What the lesson had come to before its content changed. */
  before: Result | undefined;
  work: Work;
  /** What a screen reader is told next; told anew when the number changes. */
  said = { n: 0, words: '' };

  private readonly pages = new Map<Language, Promise<Page>>();
  private pack: string | undefined;

  constructor(
    readonly id: string,
    private readonly questions: Questions,
    private readonly send: (request: Request) => void,
    private readonly changed: () => void,
    /** Somebody else's work, which is kept nowhere: what a link holds, which may be anything. */
    private readonly guest: string | undefined,
  ) {
    const empty = { hash: '', student: '', step: 0, hints: {}, saved: guest ?? '', drafts: {} };
    this.work = (guest === undefined ? loadWork(id) : readWork(parse(guest))) ?? empty;
  }

  /** Shows the lesson in a language. */
  async show(language: Language) {
    this.language = language;
    const asked = this.pages.get(language) ?? pageOf(this.id, language);
    this.pages.set(language, asked);
    try {
      const page = await asked;
      if (this.language !== language) return;
      const first = !this.page;
      this.page = page;
      if (first) await this.arrive(page);
    } catch (err) {
      this.pages.delete(language);
      this.missing = String(err);
    }
    this.changed();
  }

  /** The lesson's content is here: goes on with what was kept, if that is of this content. */
  private async arrive(page: Page) {
    if (this.guest !== undefined) {
      this.work.hash = page.hash; // if it is not of this content, the engine says so
    } else if (this.work.hash !== page.hash) {
      const results = loadProgress()[this.id] ?? {};
      this.before = results[this.work.hash] ?? Object.values(results).at(-1);
      this.work = { ...this.work, hash: page.hash, step: 0, hints: {}, saved: '', drafts: {} };
    }
    this.work.step = Math.min(this.work.step, page.steps.length - 1);
    this.changed();
    this.pack = await packOf(this.id);
    this.open();
  }

  /** Whether the learner has to say first who they are: a homework's cluster follows from it. */
  get nameless(): boolean {
    return !!this.page?.homework && !this.work.student;
  }

  /** Has the engine open the lesson, or its successor open it again. */
  open(anew = false) {
    if (!this.pack || this.nameless) return;
    const { student, saved } = this.work;
    this.send({ type: 'lesson', pack: this.pack, student, saved: anew ? '' : saved, anew } satisfies LessonRequest);
  }

  /** Begins a homework as somebody. */
  begin(student: string) {
    this.work.student = student;
    this.keep();
    this.open();
    this.changed();
  }

  /** Begins anew; the best result stays. */
  anew() {
    this.work = { ...this.work, step: 0, hints: {}, saved: '', drafts: {} };
    this.opened = this.checks = this.before = undefined;
    this.keep();
    this.open(true);
    this.changed();
  }

  hear(event: Heard) {
    switch (event.type) {
      case 'opened':
        this.opened = event;
        if (event.error) this.work.saved = '';
        return;
      case 'checks':
        return this.take(event);
      case 'kept':
        this.work.saved = event.data;
        return this.keep();
    }
  }

  private take(event: ChecksEvent) {
    const before = this.checks;
    this.checks = event;
    if (before) {
      const passed = event.results.filter((r) => r.status === 'passed' && state(before, r.check)?.status !== 'passed');
      if (passed.length > 0) this.say(passed.map((r) => `✓ ${this.check(r.check)?.title}`).join(' '));
    }
    if (!this.page) return;
    // Nothing done yet is no result.
    if (event.points > 0 && this.guest === undefined) keepProgress(note(loadProgress(), this.id, this.page.hash, { points: event.points, of: event.of }));
  }

  /** Says something to those who do not see it. */
  say(words: string) {
    this.said = { n: this.said.n + 1, words };
    this.changed();
  }

  get step(): PageStep | undefined {
    return this.page?.steps[this.work.step];
  }

  goTo(step: number) {
    this.work.step = step;
    this.keep();
    this.changed();
  }

  check(id: string): PageCheck | undefined {
    return this.page?.steps.flatMap((step) => step.checks ?? []).find((check) => check.id === id);
  }

  state(check: string): CheckState | undefined {
    return state(this.checks, check);
  }

  passed(step: PageStep): boolean {
    return (step.checks ?? []).every((check) => this.state(check.id)?.status === 'passed');
  }

  /** The answer as the learner sees it: what is being made, or what was given. */
  draft(check: string): Answer {
    return this.work.drafts[check] ?? this.checks?.answers[check] ?? {};
  }

  setDraft(check: string, answer: Answer) {
    this.work.drafts[check] = answer;
    this.keep();
    this.changed();
  }

  /** Gives the answer; what comes of it is said when it comes. */
  answer(check: string, answer: Answer) {
    delete this.work.drafts[check];
    if (this.checks) this.checks.answers[check] = answer;
    this.send({ type: 'answer', check, answer });
    this.keep();
    this.changed();
  }

  hint(of: string) {
    this.work.hints[of] = (this.work.hints[of] ?? 0) + 1;
    this.keep();
    this.changed();
  }

  /** The file to hand in, as things are now. */
  async file(): Promise<{ name: string; data: string }> {
    const data = (await this.questions.ask({ type: 'handIn' }))?.data ?? '';
    const who = this.work.student.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^-+|-+$/g, '');
    return { name: [this.id, who].filter(Boolean).join('-') + '.json', data };
  }

  /** What a link to this very session has to hold. */
  async shared(): Promise<string> {
    const { student, step } = this.work;
    return JSON.stringify({ hash: '', student, step, saved: (await this.file()).data });
  }

  private keep() {
    if (this.guest === undefined) keepWork(this.id, this.work);
  }
}

function state(checks: ChecksEvent | undefined, id: string): CheckState | undefined {
  return checks?.results.find((r) => r.check === id);
}
