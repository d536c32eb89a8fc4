package apiserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rbac"
	"github.com/tabernetes/tabernetes/core/rest"
)

// Who a message is from: the administrator, where it carries no token, or the
// service account whose token it carries (pkg/serviceaccount of Kubernetes).

// authenticate finds out who carries a token.
func (s *Server) authenticate(token string) (rbac.User, error) {
	if token == "" {
		return admin, nil
	}
	u, _, err := s.holder(token, []string{TokenIssuer})
	if err != nil {
		return rbac.User{}, apierrors.NewUnauthorized("Unauthorized")
	}
	return u, nil
}

var errInvalidToken = errors.New("invalid bearer token")

// holder is the service account that a token was given to, and for which of
// the wanted audiences it is good.
func (s *Server) holder(token string, wanted []string) (rbac.User, []string, error) {
	if s.opts.Tokens == nil {
		return rbac.User{}, nil, errInvalidToken
	}
	data, good := s.opts.Tokens.Claims(token)
	var c claims
	if !good || json.Unmarshal(data, &c) != nil || c.Issuer != TokenIssuer {
		return rbac.User{}, nil, errInvalidToken
	}
	invalid := func(format string, args ...any) (rbac.User, []string, error) {
		return rbac.User{}, nil, fmt.Errorf("[%w, %s]", errInvalidToken, fmt.Sprintf(format, args...))
	}
	var audiences []string
	for _, a := range c.Audience {
		if slices.Contains(wanted, a) {
			audiences = append(audiences, a)
		}
	}
	now := s.opts.Now().Unix()
	switch {
	case len(audiences) == 0:
		return invalid("token audiences %q is invalid for the target audiences %q", c.Audience, wanted)
	case now < c.NotBefore:
		return invalid("service account token is not valid yet")
	case now >= c.Expires:
		return invalid("service account token has expired")
	}
	if err := s.stillBound(&c.Private); err != nil {
		return invalid("%s", err)
	}
	u := rbac.Account(c.Private.Namespace, c.Private.Account.Name)
	u.UID, u.Extra = c.Private.Account.UID, c.extra()
	return u, audiences, nil
}

// stillBound: the account, and whatever the token was bound to, are those that
// they were when it was issued.
func (s *Server) stillBound(p *privateClaims) error {
	account := stored[*corev1.ServiceAccount](s, p.Namespace, p.Account.Name)
	if account == nil || string(account.UID) != p.Account.UID {
		return errors.New("service account token has been invalidated")
	}
	check := func(what *reference, name string, obj api.Object) error {
		if what == nil || obj != nil && string(obj.GetUID()) == what.UID {
			return nil
		}
		return fmt.Errorf("service account token is bound to a %s that is not there any more", name)
	}
	if p.Pod != nil { // its node is told and not held to
		return check(p.Pod, "pod", s.find(podResource, p.Namespace, p.Pod.Name))
	}
	if p.Secret != nil {
		return check(p.Secret, "secret", s.find(secretResource, p.Namespace, p.Secret.Name))
	}
	if p.Node != nil {
		return check(p.Node, "node", s.find(nodeResource, "", p.Node.Name))
	}
	return nil
}

// extra is what a user's extra says of the token.
func (c *claims) extra() map[string][]string {
	out := map[string][]string{}
	say := func(key string, ref *reference) {
		if ref == nil {
			return
		}
		out["authentication.kubernetes.io/"+key+"-name"] = []string{ref.Name}
		if ref.UID != "" {
			out["authentication.kubernetes.io/"+key+"-uid"] = []string{ref.UID}
		}
	}
	if c.ID != "" {
		out["authentication.kubernetes.io/credential-id"] = []string{"JTI=" + c.ID}
	}
	say("pod", c.Private.Pod)
	say("node", c.Private.Node)
	return out
}

const extraHeader = "Impersonate-Extra-"

// impersonated is whom a message asks to be from, if it does.
func impersonated(header rest.Header) (wanted rbac.User, asked bool, err error) {
	wanted.Name, wanted.UID = header["Impersonate-User"], header["Impersonate-Uid"]
	if text, there := header["Impersonate-Group"]; there {
		wanted.Groups = strings.Split(text, "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(header)) {
		key, found := strings.CutPrefix(name, extraHeader)
		if !found {
			continue
		}
		key = strings.ToLower(key)
		if plain, err := url.PathUnescape(key); err == nil {
			key = plain
		}
		if wanted.Extra == nil {
			wanted.Extra = map[string][]string{}
		}
		wanted.Extra[key] = append(wanted.Extra[key], strings.Split(header[name], "\n")...)
	}
	if wanted.Name == "" && (wanted.UID != "" || wanted.Groups != nil || wanted.Extra != nil) {
		return wanted, false, apierrors.NewBadRequest(fmt.Sprintf(
			"requested &user.DefaultInfo{Name:\"\", UID:%q, Groups:%#v, Extra:%#v} without impersonating a user name", wanted.UID, wanted.Groups, wanted.Extra))
	}
	return wanted, wanted.Name != "", nil
}
