package apiserver

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tabernetes/tabernetes/core/api"
)

// Tokens of service accounts look like those that kube-apiserver issues (a
// header, claims and a signature) and open nothing: the signature is thrown by
// the world's dice (pkg/registry/core/serviceaccount/storage/token.go).

var tokenKind = authenticationv1.SchemeGroupVersion.WithKind("TokenRequest")

const (
	tokenIssuer       = "https://kubernetes.default.svc"
	defaultTokenLife  = int64(3600)
	shortestTokenLife = int64(600)
	longestTokenLife  = int64(1) << 32
)

func (s *Server) issueToken(c *call) (answer, error) {
	request, err := c.tokenRequest()
	if err != nil {
		return answer{}, err
	}
	it := c.shelf.find(c.Namespace, c.Name)
	if it == nil {
		return answer{}, c.errNotFound()
	}
	if request.Spec.ExpirationSeconds == nil {
		life := defaultTokenLife
		request.Spec.ExpirationSeconds = &life
	}
	if errs := validateTokenLife(*request.Spec.ExpirationSeconds); len(errs) > 0 {
		return answer{}, apierrors.NewInvalid(tokenKind.GroupKind(), "", errs)
	}
	if len(request.Spec.Audiences) == 0 {
		request.Spec.Audiences = []string{tokenIssuer}
	}
	account := it.object().(*corev1.ServiceAccount)
	now := s.now()
	expires := metav1.NewTime(now.Add(time.Duration(*request.Spec.ExpirationSeconds) * time.Second))
	request.Name, request.Namespace, request.CreationTimestamp = account.Name, account.Namespace, now
	request.Status = authenticationv1.TokenRequestStatus{Token: s.token(account, request.Spec.Audiences, now.Time, expires.Time), ExpirationTimestamp: expires}
	api.SetTypeMeta(request)
	return answer{code: codeCreated, object: request}, nil
}

func (c *call) tokenRequest() (*authenticationv1.TokenRequest, error) {
	if c.Object == nil {
		obj, warnings, err := api.DecodeRequest(c.Body, tokenKind, c.CreateOptions.FieldValidation)
		if err != nil {
			return nil, err
		}
		c.Object, c.warnings = obj, append(c.warnings, warnings...)
	}
	request, ok := c.Object.(*authenticationv1.TokenRequest)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("%T cannot be handled as a TokenRequest", c.Object))
	}
	return request.DeepCopy(), c.ensureNamespace(request)
}

func validateTokenLife(seconds int64) field.ErrorList {
	p := field.NewPath("spec").Child("expirationSeconds")
	switch {
	case seconds < shortestTokenLife:
		return field.ErrorList{field.Invalid(p, seconds, "may not specify a duration less than 10 minutes")}
	case seconds > longestTokenLife:
		return field.ErrorList{field.Invalid(p, seconds, "may not specify a duration larger than 2^32 seconds")}
	}
	return nil
}

// token is a JSON web token by its looks.
func (s *Server) token(account *corev1.ServiceAccount, audiences []string, from, until time.Time) string {
	dice := s.opts.Rand("token")
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			panic(err) // plain values of our own
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	signature := make([]byte, 256)
	for i := range signature {
		signature[i] = byte(dice.Uint32())
	}
	type object map[string]any
	return part(object{"alg": "RS256", "kid": "tabernetes"}) + "." + part(object{
		"aud": audiences, "exp": until.Unix(), "iat": from.Unix(), "nbf": from.Unix(), "iss": tokenIssuer, "jti": string(newUID(dice)),
		"sub": fmt.Sprintf("system:serviceaccount:%s:%s", account.Namespace, account.Name),
		"kubernetes.io": object{
			"namespace": account.Namespace, "serviceaccount": object{"name": account.Name, "uid": account.UID},
		},
	}) + "." + base64.RawURLEncoding.EncodeToString(signature)
}
