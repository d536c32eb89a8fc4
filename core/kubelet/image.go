package kubelet

import (
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"
)

// image is what a reference stands for.
type image struct {
	ref     string // docker.io/library/nginx:latest
	path    string // library/nginx, or with its registry where that isn't Docker Hub
	digest  string // sha256:…
	version string // the tag where it is a number, the newest known one otherwise
	entry   entry
	lines   []line // what it prints when it starts
}

// id is the image's name by content, as containerd reports it.
func (i *image) id() string {
	name, _, _ := strings.Cut(i.ref, "@")
	if at := strings.LastIndex(name, ":"); at > strings.LastIndex(name, "/") {
		name = name[:at]
	}
	return name + "@" + i.digest
}

// badName is the error of a reference that cannot be parsed.
type badName struct{ message string }

func (e badName) Error() string { return e.message }

const dockerHub = "docker.io"

// resolve tells what a reference stands for, as the registry it names would:
// the answer is from the catalogue, or made up for any other well-formed name.
// more is what authors add to the catalogue. The error is a badName, or what
// containerd says when a pull fails.
func resolve(name string, more map[string]entry) (*image, error) {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return nil, badName{fmt.Sprintf("Failed to apply default image tag %q: couldn't parse image name %q: %v", name, name, err)}
	}
	named = reference.TagNameOnly(named)
	host, path := reference.Domain(named), reference.Path(named)
	img := &image{ref: named.String(), path: path}
	if host != dockerHub {
		img.path = host + "/" + path
	}
	tag := ""
	if tagged, ok := named.(reference.Tagged); ok {
		tag = tagged.Tag()
	}
	if reason := unavailable(host, path, tag, img.ref, more); reason != "" {
		return nil, fmt.Errorf("failed to pull and unpack image %q: failed to resolve reference %q: %s", img.ref, img.ref, reason)
	}
	img.fill(tag, named, more)
	return img, nil
}

// look finds what is known of an image: an author's word goes first.
func look(path string, more map[string]entry) (entry, bool) {
	if e, ok := more[path]; ok {
		return e, true
	}
	e, ok := catalogue[path]
	return e, ok
}

func (i *image) fill(tag string, named reference.Named, more map[string]entry) {
	known, ok := look(i.path, more)
	if !ok {
		known = entry{size: madeUpSize(i.path), stop: 100 * ms, serves: []service{{status: 200}}}
	}
	i.entry, i.version = known, tag
	if _, _, isNumber := majorMinor(tag); !isNumber {
		i.version = known.newest
	}
	i.lines = printed(known.lines, i.version)
	if digested, ok := named.(reference.Digested); ok {
		i.digest = digested.Digest().String()
		return
	}
	i.digest = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(i.ref)))
}

// madeUpSize is between 5 and 205 MB.
func madeUpSize(path string) int64 {
	h := fnv.New32a()
	h.Write([]byte(path))
	return 5_000_000 + int64(h.Sum32()%200_000_000)
}

// unavailable says why a registry does not have an image, "" when it has.
func unavailable(host, path, tag, ref string, more map[string]entry) string {
	full := path
	if host != dockerHub {
		full = host + "/" + path
	}
	if e, ok := more[full]; ok && e.authored {
		if tooNew(e.newest, tag) {
			return ref + ": not found"
		}
		return ""
	}
	switch {
	case strings.HasSuffix(host, ".invalid") || strings.HasSuffix(host, ".test") || strings.HasSuffix(host, ".example"):
		return fmt.Sprintf("failed to do request: Head \"https://%s/v2/%s/manifests/%s\": dial tcp: lookup %s: no such host", host, path, tag, host)
	case strings.HasPrefix(host, "localhost") || strings.HasPrefix(host, "127."):
		return fmt.Sprintf("failed to do request: Head \"http://%s/v2/%s/manifests/%s\": dial tcp %s: connect: connection refused", host, path, tag, host)
	case unknownRepository(host, path):
		return "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
	case slices.Contains(noTags, tag) || tooNew(catalogue[path].newest, tag):
		return ref + ": not found"
	}
	return ""
}

// unknownRepository holds for the names that lessons use for what isn't there,
// and for Docker Hub's own images one slip of the finger away from a real one.
func unknownRepository(host, path string) bool {
	owner, rest, nested := strings.Cut(path, "/")
	if !nested {
		return slices.Contains(noNames, path)
	}
	if slices.Contains(noOwners, owner) || slices.Contains(noNames, rest) {
		return true
	}
	if host != dockerHub || owner != "library" {
		return false
	}
	if _, known := catalogue[path]; known {
		return false
	}
	for real := range catalogue {
		if name, ok := strings.CutPrefix(real, "library/"); ok && len(name) > 4 && oneSlip(rest, name) {
			return true
		}
	}
	return false
}

// tooNew tells whether a version tag is above the newest there is, as 1.161 for 1.16.1.
func tooNew(known, tag string) bool {
	if known == "" {
		return false
	}
	major, minor, ok := majorMinor(tag)
	knownMajor, knownMinor, _ := majorMinor(known)
	return ok && (major > knownMajor || major == knownMajor && minor > knownMinor)
}

// majorMinor reads 1.29, 1.29.3 or 1.29-alpine.
func majorMinor(tag string) (major, minor int, ok bool) {
	version, _, _ := strings.Cut(tag, "-")
	parts := strings.SplitN(version, ".", 3)
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return 0, 0, false
	}
	if len(parts) > 1 {
		if minor, err = strconv.Atoi(parts[1]); err != nil {
			return 0, 0, false
		}
	}
	return major, minor, true
}

// oneSlip tells whether two words differ by one letter too many, missing, wrong,
// or two neighbours swapped.
func oneSlip(a, b string) bool {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	switch {
	case len(a)+len(b) == 1 || len(a) == 1 && len(b) == 1:
		return true
	case len(a) == 2 && len(b) == 2:
		return a[0] == b[1] && a[1] == b[0]
	}
	return false
}
