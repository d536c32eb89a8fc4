package parity

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Object is an object as JSON decodes it, with its kind in lower case.
type Object struct {
	kind string
	body map[string]any
}

func (o Object) name() string { return o.text("metadata", "name") }

// at follows a path of keys; nil where it ends before.
func (o Object) at(path ...string) any {
	var v any = o.body
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

func (o Object) text(path ...string) string {
	s, _ := o.at(path...).(string)
	return s
}

func (o Object) list(path ...string) []map[string]any {
	var out []map[string]any
	all, _ := o.at(path...).([]any)
	for _, e := range all {
		m, _ := e.(map[string]any)
		out = append(out, m)
	}
	return out
}

// kinds are what "look objects" lists, with where they are.
var kinds = []struct{ kind, group, resource string }{
	{"service", "/api/v1", "services"},
	{"endpoints", "/api/v1", "endpoints"},
	{"endpointslice", "/apis/discovery.k8s.io/v1", "endpointslices"},
	{"deployment", "/apis/apps/v1", "deployments"},
	{"replicaset", "/apis/apps/v1", "replicasets"},
	{"daemonset", "/apis/apps/v1", "daemonsets"},
	{"statefulset", "/apis/apps/v1", "statefulsets"},
	{"controllerrevision", "/apis/apps/v1", "controllerrevisions"},
	{"job", "/apis/batch/v1", "jobs"},
	{"cronjob", "/apis/batch/v1", "cronjobs"},
	{"horizontalpodautoscaler", "/apis/autoscaling/v2", "horizontalpodautoscalers"},
	{"poddisruptionbudget", "/apis/policy/v1", "poddisruptionbudgets"},
	{"resourcequota", "/api/v1", "resourcequotas"},
	{"limitrange", "/api/v1", "limitranges"},
	{"serviceaccount", "/api/v1", "serviceaccounts"},
	{"configmap", "/api/v1", "configmaps"},
	{"persistentvolumeclaim", "/api/v1", "persistentvolumeclaims"},
	{"pod", "/api/v1", "pods"},
}

// objects lists a namespace's objects of the kinds above.
func objects(w World, namespace string) ([]Object, error) {
	var out []Object
	for _, k := range kinds {
		list, err := listed(w, k.kind, k.group+"/namespaces/"+namespace+"/"+k.resource)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func listed(w World, kind, path string) ([]Object, error) {
	data, err := w.Get(path)
	if err != nil {
		return nil, err
	}
	var list struct{ Items []map[string]any }
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	var out []Object
	for _, item := range list.Items {
		if o := (Object{kind, item}); !ofEveryNamespace(o) {
			out = append(out, o)
		}
	}
	return out, nil
}

func ofEveryNamespace(o Object) bool {
	return o.kind == "serviceaccount" && o.name() == "default" || o.kind == "configmap" && o.name() == "kube-root-ca.crt"
}

// facts of an object: its metadata, its status, and with specs all the rest.
func (n *names) facts(t Tally, o Object, specs bool) {
	head := o.kind + "/" + o.name()
	n.fact(t, head, "meta", n.meta(o))
	if o.kind == "pod" {
		n.fact(t, head, "status", podStatus(o))
	} else {
		n.fact(t, head, "status", o.body["status"])
	}
	for _, key := range slices.Sorted(maps.Keys(o.body)) {
		usual := slices.Contains([]string{"apiVersion", "kind", "metadata", "status", "spec"}, key)
		if !usual || key == "spec" && specs {
			n.fact(t, head, key, o.body[key])
		}
	}
}

func (n *names) fact(t Tally, head, part string, v any) {
	b, _ := json.Marshal(tidy(v))
	if text := string(b); text != "null" && text != "{}" {
		t.add("%s", n.plain(head+" "+part+": "+text))
	}
}

// meta is what of an object's metadata is a rule.
func (n *names) meta(o Object) map[string]any {
	out := map[string]any{}
	for _, key := range []string{"annotations", "labels", "finalizers", "generation", "deletionGracePeriodSeconds"} {
		if v := o.at("metadata", key); v != nil {
			out[key] = v
		}
	}
	if a, ok := out["annotations"].(map[string]any); ok {
		out["annotations"] = maps.Clone(a)
		delete(out["annotations"].(map[string]any), "kubectl.kubernetes.io/last-applied-configuration")
	}
	for _, ref := range o.list("metadata", "ownerReferences") {
		owner, _ := ref["kind"].(string)
		name, _ := ref["name"].(string)
		if ref["controller"] == true {
			owner = "controlled by " + owner
		}
		out["owner "+owner+"/"+name] = ref["blockOwnerDeletion"]
	}
	return out
}

// podStatus leaves out what only a kubelet decides.
func podStatus(o Object) map[string]any {
	out := map[string]any{}
	if o.text("metadata", "deletionTimestamp") != "" && o.text("spec", "nodeName") != "" {
		return out // a kubelet ends its containers; kwok has none
	}
	for _, key := range []string{"phase", "reason", "message", "nominatedNodeName", "qosClass"} {
		if v := o.at("status", key); v != nil {
			out[key] = v
		}
	}
	for _, c := range o.list("status", "conditions") {
		kind, _ := c["type"].(string)
		switch kind {
		case "PodScheduled", "DisruptionTarget":
			if kind == "PodScheduled" && c["status"] == "True" {
				continue // a kubelet says so where no scheduler did; kwok doesn't
			}
			out[kind] = map[string]any{"status": c["status"], "reason": c["reason"], "message": c["message"]}
		case "Ready":
			if phase := o.text("status", "phase"); phase == "Running" || phase == "Pending" {
				out[kind] = c["status"] // of one that has ended, kwok leaves it
			}
		}
	}
	return out
}

// tidy is a value without what chance decides: identities and revisions are
// left out, conditions and addresses sorted. Empty fields go.
func tidy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			switch {
			case k == "uid" || k == "resourceVersion" || k == "timeAdded":
			case k == "nodePort":
				out[k] = "PORT"
			default:
				if e = tidy(e); !empty(e) {
					out[k] = e
				}
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = tidy(e)
		}
		slices.SortStableFunc(out, func(a, b any) int { return strings.Compare(sortKey(a), sortKey(b)) })
		return out
	}
	return v
}

// sortKey orders lists whose order says nothing: of conditions, endpoints and
// addresses. Others stay as they are.
func sortKey(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	if t, ok := m["type"].(string); ok {
		return t
	}
	if m["addresses"] != nil || m["ip"] != nil {
		b, _ := json.Marshal(m)
		return suffix.ReplaceAllString(anyIP.ReplaceAllString(string(b), ""), "")
	}
	return ""
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}
