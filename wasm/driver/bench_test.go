package driver

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// BenchmarkThousandPods is what the tab's worker does when a learner scales to
// a thousand: the world, the frames, and their encoding.
func BenchmarkThousandPods(b *testing.B) {
	for b.Loop() {
		var d *Driver
		sent := 0
		d = New(Options{
			Now: time.Now,
			Send: func(_ int, event any) {
				data, err := json.Marshal(event)
				if err != nil {
					b.Fatal(err)
				}
				sent += len(data)
				if _, frame := event.(frameEvent); frame {
					d.Handle(1, []byte(`{"type":"drawn"}`))
				}
			},
			Open: func(string) (store.Log, error) { return memory.New(), nil },
		})
		until := func(pods int32) {
			for {
				d.Slice()
				if !d.c.Quiet() {
					continue
				}
				if o := d.c.Overview(); len(o.Deployments) == 1 && o.Deployments[0].Ready == pods {
					return
				}
			}
		}
		d.Handle(1, []byte(`{"type":"boot","seed":1,"nodes":12,"database":"bench","speed":"once"}`))
		for !d.ready {
			d.Slice()
		}
		d.Handle(1, []byte(`{"type":"exec","id":1,"line":"kubectl create deployment web --image=nginx --replicas=1000"}`))
		until(1000)
		b.ReportMetric(float64(sent)/1e6, "MB-sent")
		b.ReportMetric(float64(d.c.Revision()), "writes")
	}
}
