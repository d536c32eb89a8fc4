package trace

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/store"
)

// Change is one field that a write changed. Old and New are JSON; "" means the
// field was not there.
type Change struct {
	Path string `json:"path"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Changes returns what a record changed, by path. For an object that was
// created it lists the fields of spec, data and the like two levels deep; for
// one that was removed nothing. metadata.resourceVersion always changes and is
// left out.
func Changes(rec store.Record) ([]Change, error) {
	var out []Change
	for _, ev := range rec.Events {
		if ev.Delete {
			continue
		}
		obj, err := tree(ev.KV.Value)
		if err != nil {
			return nil, fmt.Errorf("revision %d, %s: %w", rec.Revision, ev.KV.Key, err)
		}
		if ev.Prev == nil {
			out = append(out, outline(obj)...)
			continue
		}
		old, err := tree(ev.Prev.Value)
		if err != nil {
			return nil, fmt.Errorf("before revision %d, %s: %w", rec.Revision, ev.KV.Key, err)
		}
		diff("", old, obj, &out)
	}
	return out, nil
}

// Between returns what changed from one version of an object to the next, as
// Changes does, for objects that came from elsewhere; old is nil for one that
// was created. metadata.resourceVersion should have been taken off both.
func Between(old, obj map[string]any) []Change {
	if old == nil {
		return outline(obj)
	}
	var out []Change
	diff("", old, obj, &out)
	return out
}

// Paths are the changes' paths alone.
func Paths(changes []Change) []string {
	out := make([]string, len(changes))
	for i, c := range changes {
		out[i] = c.Path
	}
	return out
}

// tree decodes a stored value to maps, slices and scalars.
func tree(value []byte) (map[string]any, error) {
	obj, err := api.DecodeStorage(value)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(obj)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, err
	}
	if meta, ok := out["metadata"].(map[string]any); ok {
		delete(meta, "resourceVersion")
		delete(meta, "managedFields") // they follow from what was changed
	}
	return out, nil
}

// outline lists an object's fields two levels deep, but for its identity.
func outline(obj map[string]any) []Change {
	var out []Change
	for _, key := range sortedKeys(obj) {
		if key == "kind" || key == "apiVersion" {
			continue
		}
		fields, ok := obj[key].(map[string]any)
		if !ok {
			out = append(out, Change{Path: key, New: text(obj[key])})
			continue
		}
		for _, f := range sortedKeys(fields) {
			if key == "metadata" && (f == "uid" || f == "creationTimestamp") {
				continue // every object gets them
			}
			if v, empty := fields[f].(map[string]any); !empty || len(v) > 0 {
				out = append(out, Change{Path: join(key, f), New: text(fields[f])})
			}
		}
	}
	return out
}

// diff appends the leaves in which a and b differ.
func diff(path string, a, b any, out *[]Change) {
	am, aMap := a.(map[string]any)
	bm, bMap := b.(map[string]any)
	if aMap && bMap {
		diffMaps(path, am, bm, out)
		return
	}
	as, aList := a.([]any)
	bs, bList := b.([]any)
	if aList && bList {
		diffLists(path, as, bs, out)
		return
	}
	if old, new := text(a), text(b); old != new {
		*out = append(*out, Change{Path: path, Old: old, New: new})
	}
}

func diffMaps(path string, a, b map[string]any, out *[]Change) {
	keys := sortedKeys(a)
	for k := range b {
		if _, both := a[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		diff(join(path, k), a[k], b[k], out)
	}
}

// diffLists compares elements by what names them, and where nothing does by place.
func diffLists(path string, a, b []any, out *[]Change) {
	key := keyOf(a, b)
	if key == "" {
		for i := range max(len(a), len(b)) {
			diff(path+"["+strconv.Itoa(i)+"]", at(a, i), at(b, i), out)
		}
		return
	}
	for _, e := range b {
		id := field(e, key)
		diff(path+"["+key+"="+id+"]", find(a, key, id), e, out)
	}
	for _, e := range a {
		if id := field(e, key); find(b, key, id) == nil {
			diff(path+"["+key+"="+id+"]", e, nil, out)
		}
	}
}

// keyOf is the field that tells the elements of both lists apart: type (of
// conditions) or name (of containers); "" where there is none.
func keyOf(lists ...[]any) string {
	for _, key := range []string{"type", "name"} {
		if len(lists[0])+len(lists[1]) > 0 && distinct(lists[0], key) && distinct(lists[1], key) {
			return key
		}
	}
	return ""
}

func distinct(list []any, key string) bool {
	seen := map[string]bool{}
	for _, e := range list {
		id := field(e, key)
		if id == "" || seen[id] {
			return false
		}
		seen[id] = true
	}
	return true
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func find(list []any, key, id string) any {
	for _, e := range list {
		if field(e, key) == id {
			return e
		}
	}
	return nil
}

func field(v any, key string) string {
	m, _ := v.(map[string]any)
	s, _ := m[key].(string)
	return s
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func text(v any) string {
	if v == nil {
		return ""
	}
	data, _ := json.Marshal(v)
	return string(data)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
