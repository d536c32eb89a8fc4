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
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tabernetes/tabernetes/core/api"
)

// Tokens of service accounts (pkg/registry/core/serviceaccount/storage/token.go,
// pkg/serviceaccount/claims.go). Behind a real edge they are signed and open
// what the account may do; in the browser, where nobody could show one, they
// only look like that: the signature is thrown by the world's dice.

// Tokens signs what service accounts prove themselves with. An edge has the key.
type Tokens interface {
	// Sign makes a token of claims, which are JSON.
	Sign(claims []byte) (string, error)
	// Claims are those of a token, if its signature holds.
	Claims(token string) (claims []byte, good bool)
}

var tokenKind = authenticationv1.SchemeGroupVersion.WithKind("TokenRequest")

const (
	// TokenIssuer is who issues the tokens, and whom they are for if nobody else is named.
	TokenIssuer       = "https://kubernetes.default.svc"
	defaultTokenLife  = int64(3600)
	shortestTokenLife = int64(600)
	longestTokenLife  = int64(1) << 32
	// Tokens that kubelets fetch for pods ask for this life and are good for a
	// year, for the sake of programs that never read theirs again.
	projectedTokenLife = int64(3607)
	extendedTokenLife  = int64(365 * 24 * 3600)
)

// claims are what a token says.
type claims struct {
	Audience  []string      `json:"aud"`
	Expires   int64         `json:"exp"`
	IssuedAt  int64         `json:"iat"`
	Issuer    string        `json:"iss"`
	ID        string        `json:"jti"`
	Private   privateClaims `json:"kubernetes.io"`
	NotBefore int64         `json:"nbf"`
	Subject   string        `json:"sub"`
}

type privateClaims struct {
	Namespace string     `json:"namespace"`
	Node      *reference `json:"node,omitempty"`
	Pod       *reference `json:"pod,omitempty"`
	Secret    *reference `json:"secret,omitempty"`
	Account   reference  `json:"serviceaccount"`
	WarnAfter int64      `json:"warnafter,omitempty"`
}

type reference struct {
	Name string `json:"name"`
	UID  string `json:"uid,omitempty"`
}

func (s *Server) issueToken(c *call) (answer, error) {
	request, err := c.tokenRequest()
	if err != nil {
		return answer{}, err
	}
	account := stored[*corev1.ServiceAccount](s, c.Namespace, c.Name)
	if account == nil {
		return answer{}, c.errNotFound()
	}
	if err := completeRequest(request, account); err != nil {
		return answer{}, err
	}
	private := privateClaims{Namespace: account.Namespace, Account: *refer(account)}
	if ref := request.Spec.BoundObjectRef; ref != nil {
		if err := s.bindToken(&private, ref); err != nil {
			return answer{}, err
		}
	}
	now := s.now()
	life := *request.Spec.ExpirationSeconds
	expires := metav1.NewTime(now.Add(time.Duration(life) * time.Second))
	said := claims{
		Audience: request.Spec.Audiences, IssuedAt: now.Unix(), NotBefore: now.Unix(), Expires: expires.Unix(),
		Issuer: TokenIssuer, ID: string(newUID(s.opts.Rand("token"))), Private: private,
		Subject: fmt.Sprintf("system:serviceaccount:%s:%s", account.Namespace, account.Name),
	}
	if private.Pod != nil && life == projectedTokenLife && len(said.Audience) == 1 && said.Audience[0] == TokenIssuer {
		said.Private.WarnAfter, said.Expires = said.Expires, now.Unix()+extendedTokenLife
	}
	token, err := s.token(&said)
	if err != nil {
		return answer{}, apierrors.NewInternalError(fmt.Errorf("failed to generate token: %w", err))
	}
	request.CreationTimestamp = now
	request.Status = authenticationv1.TokenRequestStatus{Token: token, ExpirationTimestamp: expires}
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
	request = request.DeepCopy()
	if request.Name != "" && request.Name != c.Name {
		return nil, apierrors.NewInvalid(tokenKind.GroupKind(), c.Name, field.ErrorList{
			field.Invalid(field.NewPath("metadata", "name"), request.Name, "must match the service account name if specified")})
	}
	return request, c.ensureNamespace(request)
}

// completeRequest fills in what a request leaves open, and refuses what does not fit.
func completeRequest(r *authenticationv1.TokenRequest, account *corev1.ServiceAccount) error {
	if r.UID != "" && r.UID != account.UID {
		return apierrors.NewConflict(schema.GroupResource{Group: tokenKind.Group, Resource: tokenKind.Kind}, account.Name, fmt.Errorf(
			"the UID in the token request (%s) does not match the UID of the service account (%s)", r.UID, account.UID))
	}
	r.Name, r.Namespace, r.UID = account.Name, account.Namespace, account.UID
	if r.Spec.ExpirationSeconds == nil {
		life := defaultTokenLife
		r.Spec.ExpirationSeconds = &life
	}
	if len(r.Spec.Audiences) == 0 {
		r.Spec.Audiences = []string{TokenIssuer}
	}
	if errs := validateTokenLife(*r.Spec.ExpirationSeconds); len(errs) > 0 {
		return apierrors.NewInvalid(tokenKind.GroupKind(), "", errs)
	}
	return nil
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

// bindToken makes a token good only as long as an object is there.
func (s *Server) bindToken(p *privateClaims, ref *authenticationv1.BoundObjectReference) error {
	kind := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind)
	resource, namespace := schema.GroupVersionResource{}, p.Namespace
	switch {
	case kind.Group == "" && kind.Kind == "Pod":
		resource = podResource
	case kind.Group == "" && kind.Kind == "Secret":
		resource = secretResource
	case kind.Group == "" && kind.Kind == "Node":
		resource, namespace = nodeResource, ""
	default:
		return apierrors.NewBadRequest("cannot bind token to object of type " + kind.String())
	}
	obj := s.find(resource, namespace, ref.Name)
	if obj == nil {
		return apierrors.NewNotFound(resource.GroupResource(), ref.Name)
	}
	switch obj := obj.(type) {
	case *corev1.Pod:
		if obj.Spec.ServiceAccountName != p.Account.Name {
			return apierrors.NewBadRequest(fmt.Sprintf("cannot bind token for serviceaccount %q to pod running with different serviceaccount name.", p.Account.Name))
		}
		p.Pod = refer(obj)
		if name := obj.Spec.NodeName; name != "" {
			p.Node = &reference{Name: name}
			if node := s.find(nodeResource, "", name); node != nil {
				p.Node = refer(node)
			}
		}
	case *corev1.Secret:
		p.Secret = refer(obj)
	case *corev1.Node:
		p.Node = refer(obj)
	}
	return sameUID(ref.UID, obj.GetUID(), kind, ref.Name)
}

func sameUID(wanted, is types.UID, kind schema.GroupVersionKind, name string) error {
	if wanted == "" || wanted == is {
		return nil
	}
	return apierrors.NewConflict(schema.GroupResource{Group: kind.Group, Resource: kind.Kind}, name, fmt.Errorf(
		"the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated", wanted))
}

func refer(obj metav1.Object) *reference { return &reference{obj.GetName(), string(obj.GetUID())} }

// token signs claims, or writes what looks like that.
func (s *Server) token(said *claims) (string, error) {
	data, err := json.Marshal(said)
	if err != nil {
		return "", err
	}
	if s.opts.Tokens != nil {
		return s.opts.Tokens.Sign(data)
	}
	dice := s.opts.Rand("token")
	signature := make([]byte, 256)
	for i := range signature {
		signature[i] = byte(dice.Uint32())
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","kid":"tabernetes"}`)) + "." + encode(data) + "." + encode(signature), nil
}
