package managed

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// beforeFirstApply manages what was there before anybody kept managers.
const beforeFirstApply = "before-first-apply"

// LastApplied is the annotation that client-side apply leaves.
const LastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// applying is one apply on its way.
type applying struct {
	t       *Type
	live    any // without managedFields
	config  map[string]any
	ms      managers
	ignored Set
	who     Who
	force   bool
}

// Apply merges a configuration into live, an empty object where there is none
// yet. It returns the content of the new object and its managers, or the error
// that the API answers: a conflict names every field that somebody else owns.
func (k *Keeper) Apply(live Object, t *Type, config map[string]any, ignored Set, who Who, force bool) (map[string]any, []metav1.ManagedFieldsEntry, error) {
	ms, ok := k.decode(live.GetManagedFields())
	if !ok {
		return nil, nil, fmt.Errorf("failed to decode managed fields: %w", errFields)
	}
	a := &applying{t: t, config: config, ms: ms, ignored: ignored, who: who, force: force}
	if t == nil {
		a.t = k.TypeOf(live)
	}
	var err error
	if a.live, err = plainContent(live); err != nil {
		return nil, nil, err
	}
	if err := a.check(); err != nil {
		return nil, nil, err
	}
	a.adopt(live)
	out, conflicts := a.run()
	if len(conflicts) > 0 && who.Name == kubectl {
		if conflicts = a.beyondLastApplied(conflicts); len(conflicts) == 0 {
			a.ms, _ = k.decode(live.GetManagedFields())
			a.adopt(live)
			a.force = true
			out, _ = a.run()
		}
	}
	if len(conflicts) > 0 {
		return nil, nil, conflictError(conflicts)
	}
	if who.Name == kubectl {
		a.renewLastApplied(out)
	}
	return out, a.ms.encode(), nil
}

// kubectl is the manager that may take over from client-side apply.
const kubectl = "kubectl"

// plainContent is an object as decoded JSON, without its managers.
func plainContent(obj Object) (any, error) {
	var m map[string]any
	if u, ok := content(obj).(map[string]any); ok && len(u) > 0 {
		m = runtime.DeepCopyJSON(u)
	} else {
		var err error
		if m, err = runtime.DefaultUnstructuredConverter.ToUnstructured(obj); err != nil {
			return nil, err
		}
	}
	if meta, ok := m["metadata"].(map[string]any); ok {
		delete(meta, "managedFields")
	}
	return m, nil
}

// check holds the configuration against its type.
func (a *applying) check() error {
	if fs := a.t.check(a.config, nil, false); len(fs) > 0 {
		meta := asMapValue(a.config["metadata"])
		name := func(field string) string {
			if s, ok := meta[field].(string); ok {
				return s
			}
			return ""
		}
		kind, _ := a.config["kind"].(string)
		group := a.who.APIVersion
		if !strings.Contains(group, "/") {
			group = "/" + group
		}
		return fmt.Errorf("failed to create typed patch object (%s/%s; %s, Kind=%s): %w", name("namespace"), name("name"), group, kind, fs)
	}
	return nil
}

// adopt gives all of an object without managers to one.
func (a *applying) adopt(live Object) {
	if len(a.ms) > 0 || live.GetUID() == "" {
		return
	}
	n := a.t.diff(map[string]any{}, a.live)
	n.owned()
	n.without(a.ignored)
	if all := n.changed(); len(all) > 0 {
		who := Who{Name: beforeFirstApply, APIVersion: a.who.APIVersion, Subresource: a.who.Subresource}
		m := &manager{ManagedFieldsEntry: *who.entry(metav1.ManagedFieldsOperationUpdate)}
		m.Time = stamp(a.who.Time)
		m.put(all)
		a.ms = append(a.ms, m)
	}
}

// conflict is what one manager owns of what an apply would change.
type conflict struct {
	*manager
	fields Set
}

// run merges, prunes, and finds who is in the way (merge/update.go upstream).
func (a *applying) run() (map[string]any, []conflict) {
	merged := a.t.merge(a.live, any(a.config))
	set, _ := a.t.fields(any(a.config))
	set = without(set, a.ignored)
	self := a.ms.find(a.who.entry(metav1.ManagedFieldsOperationApply))
	var last Set
	if self == nil {
		self = &manager{ManagedFieldsEntry: *a.who.entry(metav1.ManagedFieldsOperationApply)}
		a.ms = append(a.ms, self)
	} else {
		last = self.set
	}
	self.APIVersion = a.who.APIVersion
	self.put(set)
	result := merged
	if len(last) > 0 {
		result = a.prune(merged, last)
	}
	n := a.t.diff(a.live, result)
	n.without(a.ignored)
	var conflicts []conflict
	for _, m := range a.ms {
		if m != self && !a.force {
			if fields := common(m.set, n.changed()); len(fields) > 0 {
				conflicts = append(conflicts, conflict{m, fields})
			}
		}
	}
	if len(conflicts) > 0 {
		return nil, conflicts
	}
	a.ms.update(n.Diff, self)
	self.put(minus(self.set, nobodys))
	if !reflect.DeepEqual(a.live, result) {
		self.Time = stamp(a.who.Time) // else it says when something was last changed, if ever
	}
	out, _ := result.(map[string]any)
	return out, nil
}

// prune removes what the manager applied last time and nobody claims now.
func (a *applying) prune(merged any, last Set) any {
	was := named(last, a.t)
	pruned := a.t.remove(merged, was)
	var owned Set
	for _, m := range a.ms {
		owned = Union(owned, m.set)
	}
	all, left := a.named(merged), a.named(pruned)
	pruned = a.t.remove(merged, minus(all, Union(left, named(owned, a.t))))
	left = a.named(pruned)
	return a.t.remove(merged, common(minus(all, left), was))
}

func (a *applying) named(v any) Set {
	s, _ := a.t.fields(v)
	return named(s, a.t)
}

// beyondLastApplied are the conflicts that kubectl may not take over from
// client-side apply: those about what is not as it was applied last
// (lastappliedmanager.go upstream).
func (a *applying) beyondLastApplied(conflicts []conflict) (out []conflict) {
	last, ok := valueTree(a.lastApplied(a.live)).(map[string]any)
	if !ok || last["apiVersion"] != a.who.APIVersion || a.t.check(last, nil, false) != nil {
		return conflicts
	}
	set, _ := a.t.fields(any(last))
	n := a.t.diff(any(last), a.live)
	set = minus(set, Union(n.changed(), n.Removed))
	for _, c := range conflicts {
		if c.fields = minus(c.fields, set); len(c.fields) > 0 {
			out = append(out, c)
		}
	}
	return out
}

func (a *applying) lastApplied(v any) string {
	text, _ := asMapValue(asMapValue(asMapValue(v)["metadata"])["annotations"])[LastApplied].(string)
	return text
}

// renewLastApplied keeps the annotation of client-side apply in step, where
// there is one (lastappliedupdater.go upstream).
func (a *applying) renewLastApplied(out map[string]any) {
	if a.lastApplied(out) == "" {
		return
	}
	config := runtime.DeepCopyJSON(a.config)
	delete(asMapValue(asMapValue(config["metadata"])["annotations"]), LastApplied)
	asMapValue(asMapValue(out["metadata"])["annotations"])[LastApplied] = jsonOf(config) + "\n"
}

// conflictError is the 409 of an apply (conflict.go upstream).
func conflictError(conflicts []conflict) error {
	slices.SortFunc(conflicts, func(a, b conflict) int { return strings.Compare(a.identity(), b.identity()) })
	var causes []metav1.StatusCause
	var lines []string
	for _, c := range conflicts {
		lines = append(lines, fmt.Sprintf("conflicts with %s:", shownManager(c.manager)))
		c.fields.paths(nil, func(path []string) {
			causes = append(causes, metav1.StatusCause{
				Type: metav1.CauseTypeFieldManagerConflict, Field: Path(path),
				Message: "conflict with " + shownManager(c.manager),
			})
			lines = append(lines, "- "+Path(path))
		})
	}
	if len(causes) == 1 {
		return apierrors.NewApplyConflict(causes, fmt.Sprintf("Apply failed with 1 conflict: %s: %s", causes[0].Message, causes[0].Field))
	}
	return apierrors.NewApplyConflict(causes, fmt.Sprintf("Apply failed with %d conflicts: %s", len(causes), strings.Join(lines, "\n")))
}

// valueTree reads JSON, whole numbers as int64 throughout; nil where it is none.
func valueTree(text string) any { return wholeNumbers(valueOf(text)) }

func wholeNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = wholeNumbers(v[name])
		}
	case []any:
		for i := range v {
			v[i] = wholeNumbers(v[i])
		}
	}
	return number(v)
}
