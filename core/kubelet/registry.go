package kubelet

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/distribution/reference"
)

// Registry is how the world's registries answer, for all machines together: as
// usual, slowly, or not at all for some images. It is outside of the cluster;
// whoever makes the machines gives each the same one.
type Registry struct {
	slow map[string]time.Duration // by repository, or full reference
	down map[string]bool
}

// maxSlow is the longest that a pull can be made to take.
const maxSlow = 24 * time.Hour

// Set takes "IMAGE HOW": from now on each pull of the image takes longer by
// HOW, a duration; or HOW is fail, and the registry does not answer; or normal.
// An image with a tag is that one only, one without any tag. Pulls that have
// begun go on as they would have.
func (r *Registry) Set(setting string) error {
	fields := strings.Fields(setting)
	if len(fields) != 2 {
		return fmt.Errorf("%q is not of the form IMAGE DURATION, IMAGE fail or IMAGE normal", setting)
	}
	named, err := reference.ParseNormalizedNamed(fields[0])
	if err != nil {
		return fmt.Errorf("image %q: %w", fields[0], err)
	}
	name, how := named.String(), fields[1]
	var slow time.Duration
	if how != "fail" && how != "normal" {
		if slow, err = time.ParseDuration(how); err != nil || slow < 0 || slow > maxSlow {
			return fmt.Errorf("%q is no time between 0s and 24h, nor fail or normal", how)
		}
	}
	if r.slow == nil {
		r.slow, r.down = map[string]time.Duration{}, map[string]bool{}
	}
	r.slow[name], r.down[name] = slow, how == "fail"
	return nil
}

// rule is the name under which something was set for an image: its own, or
// else its repository's.
func (r *Registry) rule(ref string) string {
	if _, set := r.slow[ref]; set {
		return ref
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ref
	}
	return reference.TrimNamed(named).String()
}

// delay is how much longer a pull of an image takes.
func (r *Registry) delay(ref string) time.Duration {
	if r == nil {
		return 0
	}
	return r.slow[r.rule(ref)]
}

// failure is containerd's error where an image's registry does not answer, nil
// where it does.
func (r *Registry) failure(ref string) error {
	if r == nil || !r.down[r.rule(ref)] {
		return nil
	}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return err
	}
	host, tag := reference.Domain(named), ""
	if host == dockerHub {
		host = "registry-1.docker.io"
	}
	if t, ok := named.(reference.Tagged); ok {
		tag = t.Tag()
	}
	if d, ok := named.(reference.Digested); ok {
		tag = d.Digest().String()
	}
	return errors.New(fmt.Sprintf("failed to pull and unpack image %q: failed to resolve reference %q: failed to do request: ", ref, ref) +
		fmt.Sprintf("Head \"https://%s/v2/%s/manifests/%s\": dial tcp: lookup %s: i/o timeout", host, reference.Path(named), tag, host))
}
