package trace

import (
	"time"
)

// Line is an entry in its JSON form: one object a line in `tabernetes run -o
// json`, one message in the page. Which fields are filled depends on the type.
type Line struct {
	Type        Type     `json:"type"`
	Seq         int64    `json:"seq"`
	Revision    int64    `json:"revision,omitempty"`
	Time        string   `json:"time"`
	Actor       string   `json:"actor"`
	Verb        string   `json:"verb"`
	Group       string   `json:"group"`
	Resource    string   `json:"resource"`
	Subresource string   `json:"subresource"`
	Namespace   string   `json:"namespace"`
	Name        string   `json:"name"`
	Method      string   `json:"method,omitempty"`
	Path        string   `json:"path,omitempty"`
	Code        int      `json:"code,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	Message     string   `json:"message,omitempty"`
	Causes      []int64  `json:"causes"`
	Changed     []string `json:"changed,omitempty"`
	Step        int      `json:"step,omitempty"`
	Verdict     *Verdict `json:"verdict,omitempty"`
}

// TimeFormat is how virtual times are written: UTC, to the microsecond.
const TimeFormat = "2006-01-02T15:04:05.000000Z"

// FormatTime writes a virtual time.
func FormatTime(t time.Time) string { return t.UTC().Format(TimeFormat) }

// Line is the entry's JSON form. Changed is left to the caller, who has the
// record at hand.
func (e *Entry) Line() Line {
	causes := e.Causes
	if causes == nil {
		causes = []int64{}
	}
	return Line{
		Type: e.Type, Seq: e.Seq, Revision: e.Revision, Time: FormatTime(e.Time), Actor: e.Actor, Verb: e.Verb,
		Group: e.Group, Resource: e.Resource, Subresource: e.Subresource, Namespace: e.Namespace, Name: e.Name,
		Method: e.Method, Path: e.Path, Code: e.Code, Reason: e.Reason, Message: e.Message,
		Causes: causes, Step: e.Step, Verdict: e.Verdict,
	}
}
