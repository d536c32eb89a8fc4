import type { Kind } from '../engine/actors';

// One glyph an actor, so that it is told by shape as well as by hue. Drawn on
// a square of 20, in strokes of the current colour.
const paths: Record<Kind, string> = {
  kubectl: 'm4 5 5 5-5 5m7 0h6',
  deployment: 'm10 2.500 7.500 3.700L10 10 2.500 6.200zM2.500 10 10 13.800 17.500 10M2.500 13.700l7.500 3.800 7.500-3.800',
  replicaset: 'M3 3h9v9H3zm5 5h9v9H8z',
  scheduler: 'M10 2.500a7.500 7.500 0 1 0 0 15 7.500 7.500 0 0 0 0-15zm3.600 3.900-2.100 5.100-5.100 2.100 2.100-5.100z',
  kubelet:
    'M10 5.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9zm0-3.500v16M2 10h16M4.300 4.300l11.400 11.400m0-11.400L4.300 15.700',
  other: 'M10 3.500 16 7v6.500L10 17l-6-3.500V7zM10 8.500v3.500',
};

export function Glyph({ kind }: { kind: Kind }) {
  return (
    <svg class="glyph" viewBox="0 0 20 20" aria-hidden="true">
      <path d={paths[kind]} />
    </svg>
  );
}
