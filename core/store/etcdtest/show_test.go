package etcdtest

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/tabernetes/tabernetes/core/store"
)

// What both answered is compared as text, in the form made here.

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func (o object) bytes(name string) string {
	s, _ := o[name].(string)
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "not base64: " + s
	}
	return string(b)
}

const keyForm = "%s=%s c%d m%d v%d l%d;"

func theirKey(o object) string {
	if o == nil {
		return ""
	}
	return fmt.Sprintf(keyForm, o.bytes("key"), o.bytes("value"), o.number("create_revision"), o.number("mod_revision"), o.number("version"), o.number("lease"))
}

func ourKey(k *store.KeyValue) string {
	if k == nil {
		return ""
	}
	return fmt.Sprintf(keyForm, k.Key, k.Value, k.CreateRevision, k.ModRevision, k.Version, k.Lease)
}

func theirKeys(list []object) string {
	var b strings.Builder
	for _, o := range list {
		b.WriteString(theirKey(o))
	}
	return b.String()
}

func ourKeys(list []store.KeyValue) string {
	var b strings.Builder
	for i := range list {
		b.WriteString(ourKey(&list[i]))
	}
	return b.String()
}

func theirRevision(o object) int64 { return o.sub("header").number("revision") }

const rangeForm = "[%s count %d more %v]"

func theirRange(o object) string {
	return fmt.Sprintf(rangeForm, theirKeys(o.list("kvs")), o.number("count"), o.is("more"))
}

func theirDelete(o object) string {
	return fmt.Sprintf(rangeForm, theirKeys(o.list("prev_kvs")), o.number("deleted"), false)
}

func theirPut(o object) string { return fmt.Sprintf(rangeForm, theirKey(o.sub("prev_kv")), 0, false) }

func theirTxn(o object) string {
	out := fmt.Sprintf("%v at %d:", o.is("succeeded"), theirRevision(o))
	for _, r := range o.list("responses") {
		switch {
		case r["response_put"] != nil:
			out += theirPut(r.sub("response_put"))
		case r["response_delete_range"] != nil:
			out += theirDelete(r.sub("response_delete_range"))
		default:
			out += theirRange(r.sub("response_range"))
		}
	}
	return out
}

func ourTxn(r store.TxnResponse) string {
	out := fmt.Sprintf("%v at %d:", r.Succeeded, r.Revision)
	for _, x := range r.Responses {
		out += fmt.Sprintf(rangeForm, ourKeys(x.KVs), x.Count, x.More)
	}
	return out
}

const eventForm = "deleted %v %s before: %s"

func theirEvent(o object) string {
	return fmt.Sprintf(eventForm, o["type"] == "DELETE", theirKey(o.sub("kv")), theirKey(o.sub("prev_kv")))
}

func ourEvent(e *store.Event) string {
	return fmt.Sprintf(eventForm, e.Delete, ourKey(&e.KV), ourKey(e.Prev))
}
