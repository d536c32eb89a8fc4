package apiserver

import (
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/tabernetes/tabernetes/core/rbac"
)

// Reviews of who somebody is and of what they may do
// (pkg/registry/{authentication,authorization}).

// reviewToken tells whose token it is. The administrator's is known to the edge
// alone, and so not here.
func reviewToken(s *Server, _ *call, r *authenticationv1.TokenReview) error {
	if r.Spec.Token == "" {
		return apierrors.NewBadRequest("token is required for TokenReview in authentication")
	}
	wanted := r.Spec.Audiences
	if len(wanted) == 0 {
		wanted = []string{TokenIssuer}
	}
	r.Status = authenticationv1.TokenReviewStatus{}
	u, audiences, err := s.holder(r.Spec.Token, wanted)
	if err != nil {
		r.Status.Error = err.Error()
		return nil
	}
	r.Status = authenticationv1.TokenReviewStatus{Authenticated: true, User: infoOf(u), Audiences: audiences}
	return nil
}

func infoOf(u rbac.User) authenticationv1.UserInfo {
	info := authenticationv1.UserInfo{Username: u.Name, UID: u.UID, Groups: u.Groups}
	for key, values := range u.Extra {
		if info.Extra == nil {
			info.Extra = map[string]authenticationv1.ExtraValue{}
		}
		info.Extra[key] = values
	}
	return info
}

func reviewSelf(s *Server, c *call, r *authenticationv1.SelfSubjectReview) error {
	r.CreationTimestamp = s.now()
	r.Status.UserInfo = infoOf(c.user())
	return nil
}

// reviewAccess answers whether a user may do what a review asks about.
func (s *Server) reviewAccess(u rbac.User, res *authorizationv1.ResourceAttributes, path *authorizationv1.NonResourceAttributes) authorizationv1.SubjectAccessReviewStatus {
	var a rbac.Attributes
	if res != nil {
		a = rbac.Attributes{
			Verb: res.Verb, Namespace: res.Namespace, Group: res.Group, Resource: res.Resource, Subresource: res.Subresource, Name: res.Name,
		}
	} else {
		a = rbac.Attributes{Verb: path.Verb, Path: path.Path}
	}
	d := rbac.Authorize(roles{s}, u, a)
	return authorizationv1.SubjectAccessReviewStatus{Allowed: d.Allowed, Reason: d.Reason}
}

// asked checks that a review asks about one thing.
func asked(res *authorizationv1.ResourceAttributes, path *authorizationv1.NonResourceAttributes) (errs field.ErrorList) {
	p := field.NewPath("spec")
	if res != nil && path != nil {
		errs = append(errs, field.Invalid(p.Child("nonResourceAttributes"), &struct{ Path, Verb string }{path.Path, path.Verb},
			"cannot be specified in combination with resourceAttributes"))
	}
	if res == nil && path == nil {
		errs = append(errs, field.Invalid(p.Child("resourceAttributes"), path,
			"exactly one of nonResourceAttributes or resourceAttributes must be specified"))
	}
	return errs
}

func subjectAsked(user string, groups []string) (errs field.ErrorList) {
	if user == "" && len(groups) == 0 {
		errs = append(errs, field.Invalid(field.NewPath("spec", "user"), user, "at least one of user or group must be specified"))
	}
	return errs
}

// badReview is the 422 of a review, which upstream gives no kind.
func badReview(errs ...field.ErrorList) error {
	all := slices.Concat(errs...)
	if len(all) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: authorizationv1.GroupName}, "", all)
}

// emptyMeta: a review is no object, and has no name.
func emptyMeta(m *metav1.ObjectMeta, but string) (errs field.ErrorList) {
	if m.Name != "" || m.GenerateName != "" || len(m.Labels) > 0 || len(m.Annotations) > 0 {
		errs = append(errs, field.Invalid(field.NewPath("metadata"), m.Name, "must be empty"+but))
	}
	return errs
}

func reviewSubject(s *Server, _ *call, r *authorizationv1.SubjectAccessReview) error {
	spec := &r.Spec
	err := badReview(asked(spec.ResourceAttributes, spec.NonResourceAttributes), subjectAsked(spec.User, spec.Groups), emptyMeta(&r.ObjectMeta, ""))
	if err == nil {
		r.Status = s.reviewAccess(rbac.User{Name: spec.User, UID: spec.UID, Groups: spec.Groups}, spec.ResourceAttributes, spec.NonResourceAttributes)
	}
	return err
}

func reviewLocal(s *Server, _ *call, r *authorizationv1.LocalSubjectAccessReview) error {
	spec := &r.Spec
	errs := slices.Concat(asked(spec.ResourceAttributes, spec.NonResourceAttributes), subjectAsked(spec.User, spec.Groups),
		emptyMeta(&r.ObjectMeta, " except for namespace"))
	if spec.ResourceAttributes != nil && spec.ResourceAttributes.Namespace != r.Namespace {
		errs = append(errs, field.Invalid(field.NewPath("spec.resourceAttributes.namespace"), spec.ResourceAttributes.Namespace, "must match metadata.namespace"))
	}
	if spec.NonResourceAttributes != nil {
		errs = append(errs, field.Invalid(field.NewPath("spec.nonResourceAttributes"), spec.NonResourceAttributes.Path, "disallowed on this kind of request"))
	}
	if err := badReview(errs); err != nil {
		return err
	}
	r.Status = s.reviewAccess(rbac.User{Name: spec.User, UID: spec.UID, Groups: spec.Groups}, spec.ResourceAttributes, nil)
	return nil
}

func reviewOwnAccess(s *Server, c *call, r *authorizationv1.SelfSubjectAccessReview) error {
	err := badReview(asked(r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes), emptyMeta(&r.ObjectMeta, ""))
	if err == nil {
		r.Status = s.reviewAccess(c.user(), r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
	}
	return err
}

// reviewRules lists all that the caller may do in a namespace.
func reviewRules(s *Server, c *call, r *authorizationv1.SelfSubjectRulesReview) error {
	r.Status = authorizationv1.SubjectRulesReviewStatus{
		ResourceRules: []authorizationv1.ResourceRule{}, NonResourceRules: []authorizationv1.NonResourceRule{},
	}
	for _, rule := range rbac.Rules(roles{s}, c.user(), r.Spec.Namespace) {
		if len(rule.NonResourceURLs) > 0 {
			r.Status.NonResourceRules = append(r.Status.NonResourceRules,
				authorizationv1.NonResourceRule{Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs})
			continue
		}
		r.Status.ResourceRules = append(r.Status.ResourceRules, authorizationv1.ResourceRule{
			Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames,
		})
	}
	return nil
}
