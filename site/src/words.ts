import { kindName, nameKey } from './engine/actors';
import type { Entry, Traffic } from './engine/protocol';
import type { Key, Translate } from './i18n';

export function actorName(actor: string, t: Translate): string {
  const key = nameKey(actor);
  return key ? t(key) : actor;
}

export function objectName(entry: Entry): string {
  return `${kindName(entry.resource)} ${entry.name ?? ''}`.trim();
}

const verbs: Record<string, Key> = {
  create: 'say.create',
  update: 'say.update',
  patch: 'say.patch',
  delete: 'say.delete',
  deletecollection: 'say.delete',
};

const told: Record<string, Key> = {
  added: 'say.told.added',
  modified: 'say.told.modified',
  deleted: 'say.told.deleted',
};

/** One sentence that says what happened. node is where a binding put its pod, if that is known. */
export function sentence(entry: Entry, t: Translate, node?: string): string {
  return tidy(say(entry, t, node));
}

/** Chinese has no space between its own words, only beside others. */
function tidy(text: string): string {
  return text.replace(/([\u4e00-\u9fff]) (?=[\u4e00-\u9fff])/g, '$1');
}

function say(entry: Entry, t: Translate, node?: string): string {
  const values = { actor: actorSubject(entry.actor, t), object: objectName(entry) };
  switch (entry.type) {
    case 'write':
      return writeSentence(entry, t, values, node);
    case 'refused':
      return t('say.refused', { ...values, code: entry.code ?? '', reason: entry.reason ?? '' });
    case 'delivery':
      return t(told[entry.verb] ?? 'say.told.modified', values);
    case 'decision':
      return decisionSentence(entry, t, values);
  }
}

type Said = { actor: string; object: string };

function actorSubject(actor: string, t: Translate): string {
  return actor === 'kubectl' ? t('say.actor.you') : actor;
}

function writeSentence(entry: Entry, t: Translate, values: Said, node?: string): string {
  switch (entry.subresource) {
    case undefined:
    case '':
      return t(verbs[entry.verb] ?? 'say.update', values);
    case 'status':
      return t('say.status', values);
    case 'scale':
      return t('say.scale', values);
    case 'binding':
      return node ? t('say.binding', { ...values, node }) : t('say.bindingSomewhere', values);
    default:
      return t('say.sub', { ...values, subresource: entry.subresource });
  }
}

function decisionSentence(entry: Entry, t: Translate, values: Said): string {
  const v = entry.verdict;
  const all = {
    ...values,
    action: entry.verb,
    result: v?.result ?? '',
    subject: v?.subject ?? '',
    message: v?.message ?? v?.result ?? '',
  };
  switch (entry.verb) {
    case 'schedule':
      return t(placed(entry) ? 'say.schedule' : 'say.unschedulable', all);
    case 'pull':
      if (v?.result === 'present') return t('say.present', all);
      return t(v?.result === 'failed' ? 'say.pullFailed' : 'say.pull', all);
    case 'request':
      return v?.traffic ? t('say.requests', { from: caller(v.traffic.from, t), to: inDefault(v.traffic.service ?? all.subject), tally: tally(v.traffic, t) }) : '';
    case 'start':
      return t('say.start', all);
    default:
      return t('say.decided', all);
  }
}

/** Who sends requests. */
export function caller(from: string, t: Translate): string {
  return from === 'pods' || from === 'outside' ? t(`asker.${from}`) : inDefault(from);
}

/** namespace/name, without the namespace that needs no saying. */
export const inDefault = (name: string): string => name.replace(/^default\//, '');

export function tally({ sent, answered }: Traffic, t: Translate): string {
  return t('requests.tally', { sent, answered, lost: sent - answered });
}

/** Whether the scheduler found a node. */
export function placed(entry: Entry): boolean {
  const result = entry.verdict?.result;
  return entry.verb === 'schedule' && !!result && result !== 'unschedulable' && result !== 'failed';
}
