package kubelet

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// The ConfigMap of the kube-system namespace whose data, YAML by any keys,
// add to what is known of images. Its author needs nothing but kubectl.
const (
	CatalogueNamespace = "kube-system"
	CatalogueName      = "image-catalogue"
)

// description is one image as an author writes it.
type description struct {
	// Image is its name without a tag: shop, example.com/team/shop.
	Image string `json:"image"`
	Size  string `json:"size"` // 20Mi
	// Newest is the highest version tag that its registry has; "" for any.
	Newest string `json:"newest"`
	// Runs is server (until it is stopped; the default), once or shell.
	Runs   string           `json:"runs"`
	Needs  string           `json:"needs"` // an environment variable
	Stops  *metav1.Duration `json:"stops"` // how long it takes to stop when asked
	Deaf   bool             `json:"ignoresTerm"`
	Logs   []string         `json:"logs"`
	Repeat *repeated        `json:"repeats"`
	Serves []answer         `json:"serves"`
	Memory *memoryUse       `json:"memory"`
	Exits  *ending          `json:"exits"`
}

type repeated struct {
	Every metav1.Duration `json:"every"`
	Lines []string        `json:"lines"`
}

type answer struct {
	Port   int32  `json:"port"`
	Path   string `json:"path"`
	Status int    `json:"status"`
	// Body may hold {hostname}, {version}, {path}, {from} and {host}.
	Body  string           `json:"body"`
	After metav1.Duration  `json:"after"`
	Until *metav1.Duration `json:"until"`
}

type memoryUse struct {
	Start string `json:"start"`
	// Grows is by how much a second, up to Most.
	Grows string `json:"grows"`
	Most  string `json:"most"`
}

type ending struct {
	After  metav1.Duration `json:"after"`
	Code   int32           `json:"code"`
	Reason string          `json:"message"`
}

// ParseImages reads a list of descriptions: what authors add to the catalogue.
func ParseImages(text string) (map[string]entry, error) {
	var all []description
	if err := yaml.UnmarshalStrict([]byte(text), &all); err != nil {
		return nil, err
	}
	out := map[string]entry{}
	for i := range all {
		e, err := all[i].entry()
		if err != nil {
			return nil, fmt.Errorf("image %d (%s): %w", i+1, all[i].Image, err)
		}
		img, err := resolve(all[i].Image, nil)
		if err != nil {
			return nil, fmt.Errorf("image %d: %w", i+1, err)
		}
		out[img.path] = e
	}
	return out, nil
}

var kinds = map[string]kind{"": server, "server": server, "once": once, "shell": shell}

func (d *description) entry() (entry, error) {
	e := entry{size: 20_000_000, newest: d.Newest, needs: d.Needs, stop: 100 * ms, lines: d.Logs, authored: true}
	var known bool
	if e.kind, known = kinds[d.Runs]; !known {
		return e, fmt.Errorf("runs: %q is none of server, once, shell", d.Runs)
	}
	if d.Stops != nil {
		e.stop = d.Stops.Duration
	}
	if d.Deaf {
		e.stop = forever
	}
	for _, a := range d.Serves {
		if a.Status == 0 {
			a.Status = 200
		}
		s := service{port: a.Port, path: a.Path, status: a.Status, body: a.Body, from: a.After.Duration}
		if a.Until != nil {
			s.until = a.Until.Duration
		}
		e.serves = append(e.serves, s)
	}
	if r := d.Repeat; r != nil {
		if r.Every.Duration <= 0 {
			return e, fmt.Errorf("repeats.every: must be more than nothing")
		}
		e.every, e.repeats = r.Every.Duration, r.Lines
	}
	if d.Exits != nil {
		e.ends, e.lasts, e.exit, e.message = true, d.Exits.After.Duration, d.Exits.Code, d.Exits.Reason
	}
	return e, d.amounts(&e)
}

func (d *description) amounts(e *entry) error {
	read := func(field, text string, into *int64) error {
		if text == "" {
			return nil
		}
		q, err := resource.ParseQuantity(text)
		if err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
		*into = q.Value()
		return nil
	}
	if err := read("size", d.Size, &e.size); err != nil || d.Memory == nil {
		return err
	}
	for field, amount := range map[string]struct {
		text string
		into *int64
	}{
		"memory.start": {d.Memory.Start, &e.memory}, "memory.most": {d.Memory.Most, &e.memoryMost},
		"memory.grows": {strings.TrimSuffix(d.Memory.Grows, "/s"), &e.grows},
	} {
		if err := read(field, amount.text, amount.into); err != nil {
			return err
		}
	}
	return nil
}

// does fills in what an entry says of a plan.
func (e *entry) does(p *plan) {
	p.serves, p.memory, p.grows, p.memoryMost = e.serves, e.memory, e.grows, e.memoryMost
	if e.every > 0 {
		p.from, p.every, p.loop = e.every, e.every, printed(e.repeats, "")
	}
	if e.ends {
		p.lasts, p.exit, p.message = max(e.lasts, time.Duration(atOnce)), e.exit, e.message
	}
}
