package kubectl

import (
	"fmt"
	"net/url"
)

// watchPrinter prints the objects of get --watch as they come.
type watchPrinter struct {
	*getOptions
	c     *call
	table *tablePrinter
	print printer
}

func (p *watchPrinter) show(i *info, event string) error {
	if !p.watchEvents {
		event = ""
	}
	if p.human() {
		table, err := p.decodeTable(i)
		if err != nil {
			return err
		}
		p.table.add(table, event)
		p.c.out(p.table.columns.flush())
		return nil
	}
	if event == "" {
		return p.print(p.c, i.obj)
	}
	if p.format == "name" {
		return p.print(p.c, i.obj)
	}
	return p.print(p.c, &object{Object: map[string]any{"type": event, "object": withoutManaged(i.obj.Object)}})
}

// follow is get --watch: what is there, then what happens to it.
func (o *getOptions) follow(c *call, q *query) error {
	q.oneType = true
	targets, err := q.targets()
	if err != nil {
		return err
	}
	if len(targets) != 1 {
		return fmt.Errorf("you may only watch a single resource or type of resource at a time")
	}
	t := targets[0]
	q.keepLists = o.human()
	var infos []*info
	version := "0"
	if t.collection {
		version, infos, err = o.listForWatch(q, t.info)
	} else {
		err = q.visitTarget(t, func(i *info) error {
			infos = append(infos, i)
			return nil
		})
	}
	if err != nil {
		if q.ignore != nil && q.ignore(err) {
			return nil
		}
		return err
	}
	p := &watchPrinter{getOptions: o, c: c, table: o.tablePrinter(t.mapping, false)}
	if !o.human() {
		if p.print, err = o.objectPrinter(); err != nil {
			return err
		}
	}
	if !o.watchOnly {
		for _, i := range infos {
			if err := p.show(i, "ADDED"); err != nil {
				return err
			}
		}
	}
	return o.stream(c, q, t, version, p)
}

// listForWatch lists the collection and keeps the version to go on from.
func (o *getOptions) listForWatch(q *query, of *info) (version string, infos []*info, err error) {
	w := wire{method: "GET", path: of.mapping.path(of.namespace, ""), query: q.listQuery(), accept: q.accept}
	for {
		list, err := q.c.fetch(w)
		if err != nil {
			return "", nil, q.listError(of.mapping, err)
		}
		if version = list.GetResourceVersion(); version == "" {
			version = "0"
		}
		err = q.visitList(of, list, func(i *info) error {
			infos = append(infos, i)
			return nil
		})
		next := list.GetContinue()
		if err != nil || next == "" {
			return version, infos, err
		}
		w.query.Set("continue", next)
	}
}

func (o *getOptions) stream(c *call, q *query, t target, version string, p *watchPrinter) error {
	w := wire{method: "GET", path: t.mapping.path(t.info.namespace, ""), accept: q.accept, query: url.Values{"watch": {"true"}}}
	if t.collection {
		w.query = q.listQuery()
		w.query.Del("limit")
		w.query.Set("watch", "true")
	} else {
		w.query.Set("fieldSelector", "metadata.name="+t.info.name)
	}
	w.query.Set("resourceVersion", version)
	// A single object comes again as the first event of its watch.
	skip := !t.collection && !o.watchOnly
	on := func(kind string, obj *object) bool {
		if kind == "BOOKMARK" {
			return false
		}
		if kind == "ERROR" {
			c.finish(watchError(obj))
			return true
		}
		if skip {
			skip = false
			return false
		}
		if err := p.show(&info{mapping: t.mapping, namespace: obj.GetNamespace(), name: obj.GetName(), obj: obj}, kind); err != nil {
			c.finish(fmt.Errorf("unable to output the provided object: %v", err))
			return true
		}
		return false
	}
	stop, err := c.watch(w, on, func() { c.finish(nil) })
	if err != nil {
		return err
	}
	return c.later(stop)
}

// started tells whether the query got as far as asking for objects: errors
// before that end a command at once.
func (q *query) started() bool { return q.visiting }

// flatten takes an aggregate apart.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	if agg, ok := err.(interface{ Errors() []error }); ok {
		return agg.Errors()
	}
	return []error{err}
}
