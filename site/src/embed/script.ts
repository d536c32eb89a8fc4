// The script that a tutorial's author puts into a page: it makes an <iframe>
// of this page, and hands out a small API. It is a classic script without
// imports, so that one <script> tag is all it takes.
//
//   <script async src="https://HOST/PATH/embed.js"
//     data-start="kubectl create deployment web --image=nginx"
//     data-layout="map console" data-lang="zh-cn" data-nodes="3" data-height="560"></script>
//
// or, from a script of the author's own, once it has loaded:
//
//   const tab = Tabernetes.embed(element, { start: ['kubectl …'], layout: 'map console' });
//   await tab.ready;
//   const { exit, output } = await tab.run('kubectl scale deployment web --replicas=3');
//   tab.on('write', (entry) => …);
//
// Options: start (console lines typed before it is shown), lesson (a lesson's
// name), layout (of steps, map, time, console, writes), lang (en, zh-cn), theme
// (light, dark), nodes, seed, speed (slow, watch, real, once), height (pixels).
// Events: ready; typed {line}; done {line, exit, output}; write {entry} for
// every write, with its revision, actor, causes and step; failed {message}.
//
// The cluster inside is the iframe's own and is kept nowhere: it cannot be
// told from, or do anything to, the clusters that a reader keeps on the page
// itself.

(() => {
  type Options = Partial<Record<'lesson' | 'layout' | 'lang' | 'theme' | 'nodes' | 'seed' | 'speed' | 'height' | 'title', string | number>> & {
    start?: string | string[];
  };
  type Message = { tabernetes: string; id?: number; [field: string]: unknown };
  type Result = { exit: number; output: string };

  const script = document.currentScript as HTMLScriptElement | null;
  const home = new URL('./', script?.src ?? location.href);
  const asked = ['lesson', 'layout', 'lang', 'theme', 'nodes', 'seed', 'speed'] as const;

  function address(options: Options): string {
    const url = new URL(home);
    url.searchParams.set('embed', '');
    for (const name of asked) if (options[name] !== undefined) url.searchParams.set(name, String(options[name]));
    const lines = [options.start ?? []].flat().join('\n');
    if (lines) url.hash = new URLSearchParams({ start: lines }).toString();
    return url.href;
  }

  function embed(place: Element, options: Options = {}) {
    const frame = document.createElement('iframe');
    frame.src = address(options);
    frame.title = String(options.title ?? 'Tabernetes: Kubernetes in a browser tab');
    frame.loading = 'lazy';
    frame.allow = 'clipboard-write';
    frame.style.cssText = `width:100%;height:${Number(options.height ?? 560)}px;border:0`;
    const listeners = new Map<string, Set<(message: Message) => void>>();
    const answers = new Map<number, (result: Result) => void>();
    let last = 0;
    const post = (message: Message) => frame.contentWindow?.postMessage(message, home.origin);
    let opened = () => {};
    const ready = new Promise<void>((resolve) => (opened = resolve));

    const hear = ({ source, origin, data }: MessageEvent<Message>) => {
      if (source !== frame.contentWindow || origin !== home.origin || typeof data?.tabernetes !== 'string') return;
      if (data.tabernetes === 'ready') opened();
      if (data.tabernetes === 'done' && data.id !== undefined) {
        answers.get(data.id)?.({ exit: Number(data.exit), output: String(data.output) });
        answers.delete(data.id);
      }
      listeners.get(data.tabernetes)?.forEach((listener) => listener(data));
    };
    addEventListener('message', hear);
    // The frame tells nobody anything before it knows who has embedded it.
    frame.addEventListener('load', () => post({ tabernetes: 'hello' }));
    place.append(frame);

    return {
      frame,
      ready,
      /** Types a line, and resolves with what it comes to. */
      async run(line: string): Promise<Result> {
        await ready;
        const id = ++last;
        return new Promise((resolve) => {
          answers.set(id, resolve);
          post({ tabernetes: 'run', id, line });
        });
      },
      pause: () => post({ tabernetes: 'pause' }),
      play: () => post({ tabernetes: 'play' }),
      /** Goes on until something has been written, and pauses. */
      step: () => post({ tabernetes: 'step' }),
      /** Hears events of one kind; returns how to stop that. */
      on(event: string, listener: (message: Message) => void): () => void {
        const all = listeners.get(event) ?? new Set();
        listeners.set(event, all.add(listener));
        return () => all.delete(listener);
      },
      remove() {
        removeEventListener('message', hear);
        frame.remove();
      },
    };
  }

  Object.assign(globalThis, { Tabernetes: { embed } });
  dispatchEvent(new Event('tabernetes'));

  // <script data-…> is an embedding where the script stands; a plain one only brings the API.
  if (script && Object.keys(script.dataset).length > 0) {
    const here = document.createElement('div');
    script.after(here);
    const { start, ...rest } = script.dataset;
    embed(here, { ...rest, start: start?.split('\n').map((line) => line.trim()).filter(Boolean) });
  }
})();
