package cronjob

import (
	"github.com/tabernetes/tabernetes/core/client"
	"github.com/tabernetes/tabernetes/core/controller"
	"github.com/tabernetes/tabernetes/core/sim"
)

// sync takes one pass over a CronJob: read, decide, act.
func (cs *cronJobs) sync(key string) error {
	cron, ok := cs.all.Get(client.SplitKey(key))
	if !ok {
		cs.forget(key)
		return nil
	}
	if cs.wroteCron.Behind(key, cs.all.Seen()) || cs.wroteJobs.Behind(key, cs.jobs.Seen()) {
		return controller.ErrBehind
	}
	d := decide(observed{
		cron: cron, jobs: cs.jobs.By(controller.ByOwner, string(cron.UID)), now: cs.c.Now(),
	})
	if d.wait > 0 {
		cs.loop.AddAfter(key, d.wait, sim.Idle)
	}
	return cs.act(key, cron, d)
}
