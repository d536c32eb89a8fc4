package apiserver

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/store"
)

// get answers with the current object. A resourceVersion means "not older than".
func (s *Server) get(c *call) (answer, error) {
	if err := s.notFuture(c.ListOptions.ResourceVersion); err != nil {
		return answer{}, err
	}
	it := c.shelf.find(c.Namespace, c.Name)
	if it == nil {
		return answer{}, c.errNotFound()
	}
	return answer{code: codeOK, object: it.object()}, nil
}

// parseRevision reads a resourceVersion; "" is 0.
func parseRevision(rv string) (int64, error) {
	if rv == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(rv, 10, 64)
	if err != nil {
		return 0, field.Invalid(field.NewPath("resourceVersion"), rv, err.Error())
	}
	return int64(min(n, 1<<63-1)), nil
}

// notFuture refuses a revision that has not been reached.
func (s *Server) notFuture(rv string) error {
	want, err := parseRevision(rv)
	if err == nil && want > s.revision() {
		err = errFuture(want, s.revision())
	}
	return err
}

func (s *Server) revision() int64 { return int64(s.st.Revision()) }

// list answers with the objects of a shelf: the current ones, or those of an
// earlier revision where a continue token or resourceVersionMatch=Exact asks for it.
func (s *Server) list(c *call) (answer, error) {
	f, err := filterFor(c, &c.ListOptions)
	if err != nil {
		return answer{}, err
	}
	if err := invalidOptions("ListOptions", validateList(&c.ListOptions)); err != nil {
		return answer{}, err
	}
	p := page{filter: f, limit: c.ListOptions.Limit}
	if err := s.locate(c, &p); err != nil {
		return answer{}, err
	}
	if p.rev == s.revision() {
		c.shelf.readPage(&p)
	} else if err := s.readPast(c, &p); err != nil {
		return answer{}, err
	}
	l := &listing{res: c.res, items: p.items, meta: metav1.ListMeta{ResourceVersion: strconv.FormatInt(p.rev, 10)}}
	if p.more {
		l.meta.Continue = encodeContinue(p.last[len(p.root(c)):], p.rev)
		if f.empty {
			l.meta.RemainingItemCount = &p.remaining
		}
	}
	return answer{code: codeOK, list: l}, nil
}

// validateList follows apimachinery's pkg/apis/meta/internalversion/validation.
func validateList(opts *metav1.ListOptions) (errs field.ErrorList) {
	matchPath := field.NewPath("resourceVersionMatch")
	if match := opts.ResourceVersionMatch; match != "" {
		if opts.ResourceVersion == "" {
			errs = append(errs, field.Forbidden(matchPath, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
		}
		if opts.Continue != "" {
			errs = append(errs, field.Forbidden(matchPath, "resourceVersionMatch is forbidden when continue is provided"))
		}
		if match != metav1.ResourceVersionMatchExact && match != metav1.ResourceVersionMatchNotOlderThan {
			errs = append(errs, field.NotSupported(matchPath, match, []string{
				string(metav1.ResourceVersionMatchExact), string(metav1.ResourceVersionMatchNotOlderThan), ""}))
		}
		if match == metav1.ResourceVersionMatchExact && opts.ResourceVersion == "0" {
			errs = append(errs, field.Forbidden(matchPath, `resourceVersionMatch "exact" is forbidden for resourceVersion "0"`))
		}
	}
	if opts.SendInitialEvents != nil {
		errs = append(errs, field.Forbidden(field.NewPath("sendInitialEvents"), "sendInitialEvents is forbidden for list"))
	}
	return errs
}

// locate finds out which revision to read and where to begin.
func (s *Server) locate(c *call, p *page) error {
	opts := &c.ListOptions
	p.rev = s.revision()
	if opts.Continue != "" {
		start, rev, err := decodeContinue(opts.Continue)
		if err != nil {
			return apierrors.NewBadRequest(fmt.Sprintf("invalid continue token: %v", err))
		}
		if opts.ResourceVersion != "" && opts.ResourceVersion != "0" {
			return apierrors.NewBadRequest("specifying resource version is not allowed when using continue")
		}
		p.from = p.root(c) + start
		if rev > 0 {
			p.rev = rev
		}
		return nil
	}
	want, err := parseRevision(opts.ResourceVersion)
	if err != nil {
		return apierrors.NewBadRequest(fmt.Sprintf("invalid resource version: %v", err))
	}
	if want > p.rev {
		return errFuture(want, p.rev)
	}
	legacyExact := opts.ResourceVersionMatch == "" && opts.Limit > 0 && want > 0
	if opts.ResourceVersionMatch == metav1.ResourceVersionMatchExact || legacyExact {
		p.rev = want
	}
	return nil
}

// page is one page of a list in the making. Keys are below the shelf's prefix.
type page struct {
	*filter
	limit int64 // 0 for all
	rev   int64
	from  string // first key that may be on it

	items     []api.Object
	last      string // key of the last item on it
	more      bool
	remaining int64
}

// root is what the keys of a list have in common: continue tokens carry the rest.
func (p *page) root(c *call) string {
	if c.Namespace != "" {
		return c.Namespace + "/"
	}
	return ""
}

// take puts an object on the page; false when it is full.
func (p *page) take(it *item) bool {
	if p.limit > 0 && int64(len(p.items)) == p.limit {
		p.more = true
		return false
	}
	if p.matches(it.object()) {
		p.items = append(p.items, it.object())
		p.last = it.key
	}
	return true
}

// readPage fills a page from the current objects.
func (sh *shelf) readPage(p *page) {
	if p.name != "" && p.namespace != "" && p.from == "" {
		if it := sh.find(p.namespace, p.name); it != nil {
			p.take(it)
		}
		return
	}
	sh.each(p.namespace, p.from, func(it *item) bool {
		if p.more {
			p.remaining++
			return p.empty
		}
		if !p.take(it) {
			p.remaining++
		}
		return true
	})
}

// readPast fills a page from an earlier revision.
func (s *Server) readPast(c *call, p *page) error {
	root := c.shelf.prefix + p.root(c)
	req := store.RangeRequest{Key: max(root, c.shelf.prefix+p.from), End: store.PrefixEnd(root), Revision: store.Revision(p.rev)}
	past, err := s.st.Range(req)
	if err != nil {
		return pastError(err, c, p)
	}
	for i := range past.KVs {
		it := c.shelf.item(&past.KVs[i])
		if err := it.decode(); err != nil {
			return err
		}
		if !p.take(it) {
			p.remaining = int64(len(past.KVs) - i)
			break
		}
	}
	return nil
}

// pastError words a failed read of the past as pkg/storage/etcd3/errors.go does.
func pastError(err error, c *call, p *page) error {
	switch {
	case !errors.Is(err, store.ErrCompacted):
		return err
	case c.ListOptions.Continue == "":
		return apierrors.NewResourceExpired("The resourceVersion for the provided list is too old.")
	}
	expired := apierrors.NewResourceExpired("The provided continue parameter is too old to display a consistent list result. " +
		"You can start a new list without the continue parameter, or use the continue token in this response to retrieve " +
		"the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were " +
		"created, modified, or deleted between the time the first chunk was returned and now may show up in the list.")
	expired.ErrStatus.ListMeta.Continue = encodeToken(strings.TrimPrefix(p.from, p.root(c)), -1)
	return expired
}

// continueToken follows pkg/storage/continue.go.
type continueToken struct {
	APIVersion      string `json:"v"`
	ResourceVersion int64  `json:"rv"`
	StartKey        string `json:"start"`
}

// encodeContinue makes the token of the page after the object named last.
func encodeContinue(last string, rev int64) string { return encodeToken(last+"\x00", rev) }

func encodeToken(start string, rev int64) string {
	data, err := json.Marshal(continueToken{APIVersion: "meta.k8s.io/v1", ResourceVersion: rev, StartKey: "/" + start})
	if err != nil {
		panic(err) // three plain fields
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

var errContinueKey = errors.New("continue key is not valid")

func decodeContinue(token string) (start string, rev int64, err error) {
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", 0, fmt.Errorf("%w: %v", errContinueKey, err)
	}
	var t continueToken
	if err := json.Unmarshal(data, &t); err != nil {
		return "", 0, fmt.Errorf("%w: %v", errContinueKey, err)
	}
	switch {
	case t.APIVersion != "meta.k8s.io/v1":
		return "", 0, fmt.Errorf("%w: server does not recognize this encoded version %v", errContinueKey, t.APIVersion)
	case t.ResourceVersion == 0:
		return "", 0, fmt.Errorf("%w: incorrect encoded start resourceVersion (version meta.k8s.io/v1)", errContinueKey)
	case t.StartKey == "":
		return "", 0, fmt.Errorf("%w: encoded start key empty (version meta.k8s.io/v1)", errContinueKey)
	}
	key := t.StartKey
	if !strings.HasPrefix(key, "/") {
		key = "/" + key
	}
	if path.Clean(key) != key {
		return "", 0, fmt.Errorf("%w: %v", errContinueKey, t.StartKey)
	}
	return key[1:], t.ResourceVersion, nil
}
