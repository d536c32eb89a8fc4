import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

/** So near the end, in pixels, counts as at the end. */
const near = 30;

interface Options {
  /** Something newer than before brings the end into view in any case. */
  insist?: boolean;
  /** Nothing moves for now. */
  rest?: boolean;
}

/** Keeps the end of a list in view, unless the learner has scrolled up from it. content changes with what is in it. */
export function useFollow(list: { current: HTMLElement | null }, newest: number, content: unknown, { insist, rest }: Options) {
  const follow = useRef(true);
  const top = useRef(0);
  const last = useRef(newest);
  const rested = useRef(rest);
  useEffect(() => {
    const el = list.current!;
    const scrolled = () => {
      // Content that grows moves the end away, but only a learner scrolls up.
      if (el.scrollTop < top.current - near) follow.current = false;
      if (el.scrollHeight - el.scrollTop - el.clientHeight < near) follow.current = true;
      top.current = el.scrollTop;
    };
    el.addEventListener('scroll', scrolled, { passive: true });
    return () => el.removeEventListener('scroll', scrolled);
  }, []);
  useLayoutEffect(() => {
    const el = list.current!;
    if (insist && last.current !== newest) follow.current = true;
    if (rested.current && !rest) follow.current = true;
    last.current = newest;
    rested.current = rest;
    if (follow.current && !rest) {
      el.scrollTop = el.scrollHeight;
      top.current = el.scrollTop;
    }
  }, [newest, content, rest]);
}
