package persistentvolume

import (
	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
)

// own is a view with what the controller itself has written since: a volume
// that was just promised to one claim is not offered to the next.
type own[T api.Object] struct {
	view  *client.View[T]
	newer map[string]T
}

func newOwn[T api.Object](c *client.Client) *own[T] {
	o := &own[T]{view: client.NewView[T](c, client.ViewOptions{}), newer: map[string]T{}}
	seen := func(obj T) {
		if mine, ok := o.newer[client.Key(obj)]; ok && controller.Revision(obj) >= controller.Revision(mine) {
			delete(o.newer, client.Key(obj))
		}
	}
	o.view.Handle(client.Handlers[T]{
		Added: seen, Updated: func(_, obj T) { seen(obj) },
		Deleted: func(obj T) { delete(o.newer, client.Key(obj)) },
	})
	return o
}

// wrote takes in the answer to a write.
func (o *own[T]) wrote(obj T) { o.newer[client.Key(obj)] = obj }

func (o *own[T]) get(namespace, name string) (T, bool) {
	obj, ok := o.view.Get(namespace, name)
	if ok {
		obj = o.latest(obj)
	}
	return obj, ok
}

func (o *own[T]) latest(obj T) T {
	if mine, ok := o.newer[client.Key(obj)]; ok {
		return mine
	}
	return obj
}

func (o *own[T]) list() []T {
	list := o.view.List()
	for i := range list {
		list[i] = o.latest(list[i])
	}
	return list
}
