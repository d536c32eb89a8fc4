package managed

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Who writes: a manager's name, in which version of the API, through which
// subresource, and when; a zero time is not noted.
type Who struct {
	Name        string
	APIVersion  string
	Subresource string
	Time        metav1.Time
}

const fieldsType = "FieldsV1"

// maxUpdaters is how many managers by update an object has at most: the oldest
// beyond that become one, ancientChanges (capmanagers.go upstream).
const (
	maxUpdaters    = 10
	ancientChanges = "ancient-changes"
)

// manager is one entry of an object's managedFields and what it says.
type manager struct {
	metav1.ManagedFieldsEntry
	set   Set
	dirty bool // set is not what FieldsV1 says any more
}

func (m *manager) put(s Set) { m.set, m.dirty = s, true }

// is tells whether two entries are the same manager's: an applier is the same
// in every version.
func (m *manager) is(other *metav1.ManagedFieldsEntry) bool {
	return m.Manager == other.Manager && m.Operation == other.Operation && m.Subresource == other.Subresource &&
		(m.Operation == metav1.ManagedFieldsOperationApply || m.APIVersion == other.APIVersion)
}

// identity is how upstream names a manager inside: the order of messages and of
// what is merged away follows it.
func (m *manager) identity() string {
	e := m.ManagedFieldsEntry
	e.Time, e.FieldsType, e.FieldsV1 = nil, "", nil
	if e.Operation == metav1.ManagedFieldsOperationApply {
		e.APIVersion = ""
	}
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // four strings
	}
	return string(data)
}

type managers []*manager

func (ms managers) find(e *metav1.ManagedFieldsEntry) *manager {
	for _, m := range ms {
		if m.is(e) {
			return m
		}
	}
	return nil
}

// decode reads managedFields; ok is false where they are not what they should be.
func (k *Keeper) decode(entries []metav1.ManagedFieldsEntry) (ms managers, ok bool) {
	for i := range entries {
		e := &entries[i]
		if e.FieldsType != fieldsType ||
			e.Operation != metav1.ManagedFieldsOperationApply && e.Operation != metav1.ManagedFieldsOperationUpdate {
			return nil, false
		}
		m := &manager{ManagedFieldsEntry: *e}
		if e.FieldsV1 != nil {
			set, err := k.parse(e.FieldsV1.Raw)
			if err != nil {
				return nil, false
			}
			m.set = set
		}
		if old := ms.find(e); old != nil {
			*old = *m
			continue
		}
		ms = append(ms, m)
	}
	return ms, true
}

// encode writes managedFields in upstream's order; managers of nothing are gone.
func (ms managers) encode() []metav1.ManagedFieldsEntry {
	out := make([]metav1.ManagedFieldsEntry, 0, len(ms))
	for _, m := range ms {
		if m.dirty && len(m.set) == 0 {
			continue
		}
		if m.dirty || m.FieldsV1 == nil || len(m.FieldsV1.Raw) > 0 && m.FieldsV1.Raw[0] != packed {
			m.FieldsV1 = &metav1.FieldsV1{Raw: m.set.Pack()}
		}
		m.FieldsType = fieldsType
		out = append(out, m.ManagedFieldsEntry)
	}
	slices.SortStableFunc(out, func(a, b metav1.ManagedFieldsEntry) int {
		return cmp.Or(strings.Compare(string(a.Operation), string(b.Operation)),
			cmp.Compare(seconds(a.Time), seconds(b.Time)), strings.Compare(a.Manager, b.Manager),
			strings.Compare(a.APIVersion, b.APIVersion), strings.Compare(a.Subresource, b.Subresource))
	})
	return out
}

func seconds(t *metav1.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// capped merges the oldest managers by update where there are too many.
func (ms managers) capped() managers {
	var updaters managers
	for _, m := range ms {
		if m.Operation == metav1.ManagedFieldsOperationUpdate && !(m.dirty && len(m.set) == 0) {
			updaters = append(updaters, m)
		}
	}
	if len(updaters) <= maxUpdaters {
		return ms
	}
	slices.SortStableFunc(updaters, func(a, b *manager) int {
		return cmp.Or(cmp.Compare(seconds(a.Time), seconds(b.Time)), strings.Compare(a.identity(), b.identity()))
	})
	buckets, gone := map[string]*manager{}, map[*manager]bool{}
	for i, left := 0, len(updaters); i < len(updaters) && left > maxUpdaters; i++ {
		m := updaters[i]
		bucket := buckets[m.APIVersion]
		if bucket == nil {
			buckets[m.APIVersion] = m
			continue
		}
		bucket.Manager, bucket.Subresource, bucket.Time = ancientChanges, "", m.Time
		bucket.put(Union(m.set, bucket.set))
		gone[m] = true
		left--
	}
	return slices.DeleteFunc(ms, func(m *manager) bool { return gone[m] })
}

// SameButTimes tells whether two lists of managers differ in nothing but when
// something was managed, and differ in that.
func SameButTimes(a, b []metav1.ManagedFieldsEntry) bool {
	if len(a) != len(b) {
		return false
	}
	times := false
	for i := range a {
		x, y := &a[i], &b[i]
		if x.Manager != y.Manager || x.Operation != y.Operation || x.APIVersion != y.APIVersion || x.Subresource != y.Subresource ||
			(x.FieldsV1 == nil) != (y.FieldsV1 == nil) || x.FieldsV1 != nil && !bytes.Equal(x.FieldsV1.Raw, y.FieldsV1.Raw) {
			return false
		}
		times = times || !x.Time.Equal(y.Time)
	}
	return times
}

// shownManager names a manager in a message.
func shownManager(m *manager) string {
	out := quote(m.Manager)
	if m.Subresource != "" {
		out += " with subresource " + quote(m.Subresource)
	}
	if m.Operation == metav1.ManagedFieldsOperationUpdate {
		out += " using " + m.APIVersion
	}
	return out
}

func quote(s string) string { return shown(s) }

// FromUserAgent is the manager of a client that names none: its program
// (managerOrUserAgent of apiserver's pkg/endpoints/handlers/create.go).
func FromUserAgent(name, agent string) string {
	if name != "" {
		return name
	}
	program, _, _ := strings.Cut(agent, "/")
	var out strings.Builder
	for _, r := range program {
		if out.Len()+len(string(r)) > metav1FieldManagerMax {
			break
		}
		if r >= ' ' && r != 0x7f {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// metav1FieldManagerMax is the longest name of a manager, in bytes.
const metav1FieldManagerMax = 128

// stamp is a time of an entry.
func stamp(t metav1.Time) *metav1.Time {
	at := metav1.NewTime(t.UTC().Truncate(time.Second))
	return &at
}

// OfField are the managers of one field, as a subresource shows them that has
// only that field.
func (k *Keeper) OfField(entries []metav1.ManagedFieldsEntry, field []string, version string) []metav1.ManagedFieldsEntry {
	ms, _ := k.decode(entries)
	ms = slices.DeleteFunc(ms, func(m *manager) bool { return !m.set.Has(field...) })
	for _, m := range ms {
		m.APIVersion = version
		m.put(Of(field...))
	}
	return ms.encode()
}

// WithField are the managers of an object after its subresource's: who lost the
// one field that the subresource has, and who got it.
func (k *Keeper) WithField(entries, sub []metav1.ManagedFieldsEntry, field []string, version string) []metav1.ManagedFieldsEntry {
	ms, _ := k.decode(entries)
	now, _ := k.decode(sub)
	for _, m := range now {
		m.APIVersion = version
	}
	for _, m := range ms {
		if m.set.Has(field...) && now.find(&m.ManagedFieldsEntry) == nil {
			m.put(minus(m.set, Of(field...)))
		}
	}
	for _, m := range now {
		if ms.find(&m.ManagedFieldsEntry) == nil && m.set.Has(field...) {
			m.Time = nil // as upstream has it
			m.put(Of(field...))
			ms = append(ms, m)
		}
	}
	return ms.encode()
}
