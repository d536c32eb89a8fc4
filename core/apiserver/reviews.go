package apiserver

import (
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tabernetes/tabernetes/core/api"
	"github.com/tabernetes/tabernetes/core/rest"
)

// What is asked and not kept. What access reviews answer is in reviews_access.go.

// unstored are the handlers of resources without objects of their own.
var unstored map[schema.GroupResource]map[string]handler

func init() {
	creates := func(h handler) map[string]handler { return map[string]handler{rest.Create: h} }
	unstored = map[schema.GroupResource]map[string]handler{
		{Resource: "bindings"}:                       creates((*Server).bind),
		{Resource: "componentstatuses"}:              {rest.Get: (*Server).getComponent, rest.List: (*Server).listComponents},
		{Group: "metrics.k8s.io", Resource: "pods"}:  {rest.Get: (*Server).getPodMetrics, rest.List: (*Server).listPodMetrics},
		{Group: "metrics.k8s.io", Resource: "nodes"}: {rest.Get: (*Server).getNodeMetrics, rest.List: (*Server).listNodeMetrics},

		{Group: authenticationv1.GroupName, Resource: "tokenreviews"}:             creates(reviewed(reviewToken)),
		{Group: authenticationv1.GroupName, Resource: "selfsubjectreviews"}:       creates(reviewed(reviewSelf)),
		{Group: authorizationv1.GroupName, Resource: "subjectaccessreviews"}:      creates(reviewed(reviewSubject)),
		{Group: authorizationv1.GroupName, Resource: "localsubjectaccessreviews"}: creates(reviewed(reviewLocal)),
		{Group: authorizationv1.GroupName, Resource: "selfsubjectaccessreviews"}:  creates(reviewed(reviewOwnAccess)),
		{Group: authorizationv1.GroupName, Resource: "selfsubjectrulesreviews"}:   creates(reviewed(reviewRules)),
	}
}

// reviewed makes a handler of what fills in one kind of review.
func reviewed[T api.Object](fill func(s *Server, c *call, review T) error) handler {
	return func(s *Server, c *call) (answer, error) {
		obj, err := c.body(c.CreateOptions.FieldValidation)
		if err != nil {
			return answer{}, err
		}
		if err := c.ensureNamespace(obj); err != nil {
			return answer{}, err
		}
		s.manage(c, obj, nil)
		err = fill(s, c, obj.(T))
		api.SetTypeMeta(obj)
		return answer{code: codeCreated, object: obj}, err
	}
}

// components are those that a real control plane probes
// (pkg/registry/core/componentstatus): here they are one program, and well
// while it answers.
var components = []string{"etcd-0", "controller-manager", "scheduler"}

func componentStatus(name string) *corev1.ComponentStatus {
	out := &corev1.ComponentStatus{ObjectMeta: metav1.ObjectMeta{Name: name}, Conditions: []corev1.ComponentCondition{{
		Type: corev1.ComponentHealthy, Status: corev1.ConditionTrue, Message: "ok",
	}}}
	api.SetTypeMeta(out)
	return out
}

func (s *Server) getComponent(c *call) (answer, error) {
	for _, name := range components {
		if name == c.Name {
			return answer{code: codeOK, object: componentStatus(name)}, nil
		}
	}
	return answer{}, apierrors.NewNotFound(schema.GroupResource{Resource: c.res.Singular}, c.Name) // upstream's slip
}

func (s *Server) listComponents(c *call) (answer, error) {
	f, err := filterFor(c, &c.ListOptions)
	if err != nil {
		return answer{}, err
	}
	list := &listing{res: c.res, items: []api.Object{}}
	for _, name := range components {
		if status := componentStatus(name); f.matches(status) {
			list.items = append(list.items, status)
		}
	}
	return answer{code: codeOK, list: list}, nil
}
