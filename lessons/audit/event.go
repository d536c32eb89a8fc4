package audit

import (
	"strconv"
	"strings"
	"time"
)

// event is the part of an audit.k8s.io/v1 Event that is read.
type event struct {
	Stage      string `json:"stage"`
	Verb       string `json:"verb"`
	RequestURI string `json:"requestURI"`
	UserAgent  string `json:"userAgent"`
	User       struct {
		Username string `json:"username"`
	} `json:"user"`
	StageTimestamp time.Time `json:"stageTimestamp"`
	ObjectRef      struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
		APIGroup    string `json:"apiGroup"`
		UID         string `json:"uid"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code    int    `json:"code"`
		Reason  string `json:"reason"`
		Message string `json:"message"`
	} `json:"responseStatus"`
	RequestObject  map[string]any `json:"requestObject"`
	ResponseObject map[string]any `json:"responseObject"`
}

// writes tells whether the event is of a write that was answered.
func (e *event) writes() bool {
	switch e.Verb {
	case "create", "update", "patch", "delete", "deletecollection":
	default:
		return false
	}
	return e.Stage == "ResponseComplete" && e.ObjectRef.Resource != "" && e.ObjectRef.Resource != "leases" &&
		!strings.Contains(e.RequestURI, "dryRun=")
}

// field reads a string of an object, "" where there is none.
func field(obj map[string]any, path ...string) string {
	for _, p := range path[:len(path)-1] {
		obj, _ = obj[p].(map[string]any)
	}
	s, _ := obj[path[len(path)-1]].(string)
	return s
}

// name is the object's, which for a generated one only the answer tells.
func (e *event) name() string {
	if e.ObjectRef.Name != "" {
		return e.ObjectRef.Name
	}
	return field(e.ResponseObject, "metadata", "name")
}

func (e *event) revision() int64 {
	v, _ := strconv.ParseInt(field(e.ResponseObject, "metadata", "resourceVersion"), 10, 64)
	return v
}

// actor names the component that sent the request as the engine names it. A
// user agent is such as
//
//	kubectl/v1.36.3 (linux/amd64) kubernetes/0123abc
//	kube-scheduler/v1.36.3 (linux/amd64) kubernetes/0123abc/scheduler
//	kube-controller-manager/v1.36.3 (linux/amd64) kubernetes/0123abc/deployment-controller
func (e *event) actor(known *objects) string {
	program, _, _ := strings.Cut(e.UserAgent, "/")
	if node, is := strings.CutPrefix(e.User.Username, "system:node:"); is {
		return "kubelet/" + node
	}
	part := ""
	if words := strings.Fields(e.UserAgent); len(words) > 0 {
		if path := strings.Split(words[len(words)-1], "/"); len(path) == 3 {
			part = path[2]
		}
	}
	if account, is := strings.CutPrefix(e.User.Username, "system:serviceaccount:kube-system:"); is && part == "" {
		part = account
	}
	switch {
	case program == "kwok" || program == "kubelet":
		return "kubelet/" + known.node(e)
	case program == "kube-scheduler" || e.User.Username == "system:kube-scheduler":
		return "scheduler"
	case part == "generic-garbage-collector":
		return "garbage-collector"
	case part != "":
		return part
	}
	return program
}
