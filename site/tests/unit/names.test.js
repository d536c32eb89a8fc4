import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.js';

const { named } = await load('console/names.ts');

const kind = (group, resource, kind, short, namespaced = true) => ({
  group, version: 'v1', resource, kind, namespaced, names: [resource, kind.toLowerCase(), ...short],
});
const kinds = [kind('', 'pods', 'Pod', ['po']), kind('', 'nodes', 'Node', ['no'], false), kind('apps', 'deployments', 'Deployment', ['deploy']), kind('apps', 'replicasets', 'ReplicaSet', ['rs'])];

/** The names found, as resource:namespace/name; all parts together are the output as it was. */
function found(output, command) {
  const parts = named(output, command, kinds);
  assert.equal(parts.map((part) => part.text).join(''), output);
  return parts.filter((part) => part.of).map(({ text, of }) => (assert.equal(text, of.name), `${of.resource}:${of.namespace}/${of.name}`));
}

test('what a command has done names its object', () => {
  assert.deepEqual(found('deployment.apps/web created\n', 'kubectl create deployment web --image=nginx'), ['deployments:default/web']);
  assert.deepEqual(found('pod/web-1 condition met\n', 'kubectl wait pod/web-1 -n other --for=condition=Ready'), ['pods:other/web-1']);
});

test('the names of a table are found by what was asked for', () => {
  const pods = 'NAME    READY   STATUS\nweb-1   1/1     Running\nweb-2   0/1     Pending\n';
  assert.deepEqual(found(pods, 'kubectl get po'), ['pods:default/web-1', 'pods:default/web-2']);
  assert.deepEqual(found(pods, 'kubectl get -n other pods -w'), ['pods:other/web-1', 'pods:other/web-2']);
  const all = 'NAMESPACE     NAME    READY\nkube-system   dns     1/1\ndefault       web-1   1/1\n';
  assert.deepEqual(found(all, 'kubectl get pods -A'), ['pods:kube-system/dns', 'pods:default/web-1']);
  assert.deepEqual(found('NAME     STATUS\nnode-1   Ready\n', 'kubectl get nodes'), ['nodes:/node-1']);
});

test('a table of several kinds says the kind itself', () => {
  const both = 'NAME                  READY\ndeployment.apps/web   1/1\n\nNAME        READY\npod/web-1   1/1\n';
  assert.deepEqual(found(both, 'kubectl get deploy,po'), ['deployments:default/web', 'pods:default/web-1']);
});

test('prose names the owner, and nothing that is no object', () => {
  assert.deepEqual(found('Controlled By:  ReplicaSet/web-7887448d46\nImage: docker.io/library/nginx\n', 'kubectl describe pod web-1'), ['replicasets:default/web-7887448d46']);
  assert.deepEqual(found('apiVersion: apps/v1\nkind: Deployment\n', 'kubectl get deployment web -o yaml'), []);
  assert.deepEqual(found('error: the server doesn\'t have a resource type "podz"\n', 'kubectl get podz'), []);
});

test('of very long output nothing is looked for', () => {
  assert.equal(named('pod/web-1 created\n'.repeat(2000), 'kubectl apply -f -', kinds).length, 1);
});
