// Where in an object a line of its YAML stands.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { browserLike, load } from './load.js';

const text = `apiVersion: apps/v1
kind: Deployment
metadata:
  labels:
    app: web
spec:
  replicas: 3
  template:
    spec:
      containers:
      - image: nginx
        ports:
        - containerPort: 80
          protocol: TCP
        resources:
          limits:
            memory: 1Gi
      - name: other
        imagePullPolicy: Always
      restartPolicy: Always
status:
  replicas: 3`.split('\n');

let pathAt;

before(async () => {
  browserLike();
  ({ pathAt } = await load('objects/path.ts'));
});

test('the path of a line is the fields that it is below', () => {
  const at = (line) => pathAt((n) => text[n - 1], text.indexOf(line) + 1).join('.');
  assert.equal(at('kind: Deployment'), '');
  assert.equal(at('    app: web'), 'metadata.labels');
  assert.equal(at('  replicas: 3'), 'spec');
  assert.equal(at('      - image: nginx'), 'spec.template.spec.containers');
  assert.equal(at('        ports:'), 'spec.template.spec.containers');
  assert.equal(at('        - containerPort: 80'), 'spec.template.spec.containers.ports');
  assert.equal(at('          protocol: TCP'), 'spec.template.spec.containers.ports');
  assert.equal(at('            memory: 1Gi'), 'spec.template.spec.containers.resources.limits');
  assert.equal(at('        imagePullPolicy: Always'), 'spec.template.spec.containers');
  assert.equal(at('      restartPolicy: Always'), 'spec.template.spec');
  assert.equal(at('status:'), '');
});
