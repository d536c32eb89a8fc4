package apiserver

import (
	"reflect"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// Some kinds are another form of one that is stored (api.Form). A call for one
// is a call for the stored kind whose body is converted on the way in and
// whose answer is converted on the way out.

// shown is the resource as the client knows it.
func (c *call) shown() *api.Resource {
	if c.form != nil {
		return c.form
	}
	return c.res
}

// toStored converts the call's object, if it is in another form.
func (c *call) toStored() {
	if c.form == nil {
		return
	}
	obj, ok := c.Object.(api.Object)
	if !ok || reflect.TypeOf(obj) != reflect.TypeOf(c.form.New()) {
		return // body says what it is not
	}
	var old api.Object
	if it := c.shelf.find(c.Namespace, c.Name); it != nil {
		old = it.object()
	}
	c.Object = c.form.Form.Write(obj, old)
}

// reform converts what a call came to.
func (a *answer) reform(form *api.Resource) {
	if obj, ok := a.object.(api.Object); ok && reflect.TypeOf(obj) == reflect.TypeOf(form.StoredAs().New()) {
		a.object = form.Form.Read(obj)
	}
	if a.list == nil {
		return
	}
	items := make([]api.Object, len(a.list.items))
	for i, item := range a.list.items {
		items[i] = form.Form.Read(item)
	}
	a.list = &listing{res: form, items: items, meta: a.list.meta}
}

// reformed converts the events of a watch.
func reformed(form *api.Resource, sink func(rest.WatchEvent)) func(rest.WatchEvent) {
	return func(ev rest.WatchEvent) {
		if obj, ok := ev.Object.(api.Object); ok {
			ev.Object = form.Form.Read(obj)
		}
		sink(ev)
	}
}
