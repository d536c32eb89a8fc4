package driver

import (
	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/trace"
	"github.com/tabernetes/tabernetes/lessons"
)

// The messages between the page and the worker. The TypeScript twin is
// site/src/engine/protocol.ts; TestProtocolTwin compares names and fields.

// request is what every message of the page has in common; the rest of it is
// decoded into the struct that requests names for its type.
type request struct {
	Type string `json:"type"`
}

// What the page asks of the engine.
type (
	bootRequest struct {
		Seed     uint64 `json:"seed"`
		Nodes    int    `json:"nodes"`
		Database string `json:"database"`
		Speed    Speed  `json:"speed"`
		Lessons  bool   `json:"lessons"`
		Retain   int    `json:"retain,omitempty"`
		// What a new cluster begins with.
		Start   []string `json:"start,omitempty"`
		Session string   `json:"session,omitempty"`
		Archive []byte   `json:"archive,omitempty"`
	}
	execRequest struct {
		ID   int    `json:"id"`
		Line string `json:"line"`
		// Revision is the past that is asked; 0: the cluster as it is.
		Revision int64 `json:"revision,omitempty"`
	}
	interruptRequest struct {
		ID int `json:"id"`
	}
	completeRequest struct {
		ID     int    `json:"id"`
		Line   string `json:"line"`
		Cursor int    `json:"cursor"`
	}
	editedRequest struct {
		ID      int    `json:"id"`
		Content string `json:"content"`
		Saved   bool   `json:"saved"`
	}
	pauseRequest     struct{}
	playRequest      struct{}
	stepRequest      struct{}
	stepWriteRequest struct{}
	speedRequest     struct {
		Speed Speed `json:"speed"`
	}
	componentRequest struct {
		Actor  string `json:"actor"`
		Action string `json:"action"`
	}
	outsideRequest struct {
		Do   cluster.Deed `json:"do"`
		With string       `json:"with"`
	}
	changedRequest struct {
		Revisions []int64 `json:"revisions"`
	}
	objectRequest struct {
		ID        int    `json:"id"`
		Group     string `json:"group"`
		Resource  string `json:"resource"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		Revision  int64  `json:"revision"`
	}
	lookRequest struct {
		ID       int   `json:"id"`
		Revision int64 `json:"revision"`
	}
	traceRequest struct {
		ID    int         `json:"id"`
		Level trace.Level `json:"level"`
		Actor string      `json:"actor"`
		Text  string      `json:"text"`
		Minor bool        `json:"minor"`
		Until int64       `json:"until"`
		From  int         `json:"from"`
		Limit int         `json:"limit"`
		Find  int64       `json:"find"`
	}
	groupsRequest struct {
		ID    int   `json:"id"`
		Until int64 `json:"until"`
	}
	whyRequest struct {
		ID       int   `json:"id"`
		Revision int64 `json:"revision"`
		Entry    int64 `json:"entry"`
	}
	getRequest struct {
		ID       int    `json:"id"`
		Path     string `json:"path"`
		Accept   string `json:"accept"`
		Revision int64  `json:"revision"`
	}
	waitsRequest struct {
		ID    int    `json:"id"`
		Actor string `json:"actor"`
	}
	forkRequest struct {
		ID       int    `json:"id"`
		Revision int64  `json:"revision"`
		Database string `json:"database"`
	}
	advanceRequest struct {
		Seconds int `json:"seconds"`
	}
	drawnRequest struct{}
	resetRequest struct{}
	usageRequest struct {
		Retain int64 `json:"retain,omitempty"`
	}
	exportRequest struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	importRequest struct {
		ID       int    `json:"id"`
		Database string `json:"database"`
		Data     []byte `json:"data"` // base64 in JSON, here and below
	}
	roomRequest struct {
		Keep int64 `json:"keep"`
	}
	lessonRequest struct {
		Pack    string `json:"pack"`
		Student string `json:"student"`
		Saved   string `json:"saved"`
		Anew    bool   `json:"anew"`
	}
	answerRequest struct {
		Check  string         `json:"check"`
		Answer lessons.Answer `json:"answer"`
	}
	handInRequest struct {
		ID int `json:"id"`
	}
	shareRequest struct {
		ID int `json:"id"`
	}
)

// What the engine tells the page.
type (
	readyEvent struct {
		Type     string `json:"type"`
		Restored bool   `json:"restored"`
		Revision int64  `json:"revision"`
		Entry    int64  `json:"entry"`
	}
	frameEvent struct {
		Type     string               `json:"type"`
		Now      string               `json:"now"`
		Revision int64                `json:"revision"`
		Durable  int64                `json:"durable"`
		Oldest   int64                `json:"oldest"`
		Quiet    bool                 `json:"quiet"`
		Playing  bool                 `json:"playing"`
		Speed    Speed                `json:"speed"`
		Next     string               `json:"next"`
		Actors   []cluster.ActorState `json:"actors,omitempty"`
		Overview *cluster.Overview    `json:"overview,omitempty"`
		Entries  lines                `json:"entries,omitempty"`
		Omitted  int                  `json:"omitted,omitempty"`
	}
	outputEvent struct {
		Type   string `json:"type"`
		ID     int    `json:"id"`
		Stream string `json:"stream"`
		Text   string `json:"text"`
	}
	doneEvent struct {
		Type     string `json:"type"`
		ID       int    `json:"id"`
		Exit     int    `json:"exit"`
		Revision int64  `json:"revision"`
		Changing bool   `json:"changing,omitempty"`
	}
	completedEvent struct {
		Type  string   `json:"type"`
		ID    int      `json:"id"`
		Words []string `json:"words"`
	}
	changedEvent struct {
		Type    string                   `json:"type"`
		Changes map[int64][]trace.Change `json:"changes"`
	}
	objectEvent struct {
		Type  string `json:"type"`
		ID    int    `json:"id"`
		YAML  string `json:"yaml"`
		Error string `json:"error"`
	}
	lookedEvent struct {
		Type     string               `json:"type"`
		ID       int                  `json:"id"`
		Revision int64                `json:"revision"`
		Now      string               `json:"now"`
		Until    int64                `json:"until"`
		Overview *cluster.Overview    `json:"overview"`
		Actors   []cluster.ActorState `json:"actors"`
		Chain    []trace.Group        `json:"chain"`
		Requests []trace.Line         `json:"requests"`
		Error    string               `json:"error"`
	}
	tracedEvent struct {
		Type    string `json:"type"`
		ID      int    `json:"id"`
		All     int    `json:"all"`
		From    int    `json:"from"`
		Found   int    `json:"found"`
		Entries lines  `json:"entries"`
	}
	groupedEvent struct {
		Type   string        `json:"type"`
		ID     int           `json:"id"`
		Groups []trace.Group `json:"groups"`
	}
	whyEvent struct {
		Type string       `json:"type"`
		ID   int          `json:"id"`
		Why  *cluster.Why `json:"why"`
	}
	gotEvent struct {
		Type  string `json:"type"`
		ID    int    `json:"id"`
		Code  int    `json:"code"`
		Body  string `json:"body"`
		Error string `json:"error"`
	}
	waitedEvent struct {
		Type  string        `json:"type"`
		ID    int           `json:"id"`
		Waits cluster.Waits `json:"waits"`
	}
	forkedEvent struct {
		Type  string `json:"type"`
		ID    int    `json:"id"`
		Nodes int    `json:"nodes"`
		Error string `json:"error"`
	}
	editEvent struct {
		Type    string `json:"type"`
		ID      int    `json:"id"`
		Name    string `json:"name"`
		Content string `json:"content"`
	}
	clearEvent struct {
		Type string `json:"type"`
	}
	goneEvent struct {
		Type string `json:"type"`
	}
	usageEvent struct {
		Type      string `json:"type"`
		Retain    int64  `json:"retain"`
		Revision  int64  `json:"revision"`
		Oldest    int64  `json:"oldest"`
		Revisions int    `json:"revisions"`
		Keys      int    `json:"keys"`
		Bytes     int64  `json:"bytes"`
		LogBytes  int64  `json:"logBytes"`
	}
	exportedEvent struct {
		Type  string `json:"type"`
		ID    int    `json:"id"`
		Data  []byte `json:"data"`
		Error string `json:"error"`
	}
	importedEvent struct {
		Type  string `json:"type"`
		ID    int    `json:"id"`
		Nodes int    `json:"nodes"`
		Error string `json:"error"`
	}
	resumedEvent struct {
		Type  string `json:"type"`
		Error string `json:"error"`
	}
	openedEvent struct {
		Type    string `json:"type"`
		Lesson  string `json:"lesson"`
		Student string `json:"student"`
		Resumed bool   `json:"resumed"`
		Error   string `json:"error"`
	}
	checksEvent struct {
		Type     string                    `json:"type"`
		Points   float64                   `json:"points"`
		Of       int                       `json:"of"`
		Results  []checkState              `json:"results"`
		Answers  map[string]lessons.Answer `json:"answers"`
		Observed map[string][]observed     `json:"observed"`
	}
	keptEvent struct {
		Type string `json:"type"`
		Data string `json:"data"`
	}
	handedInEvent struct {
		Type string `json:"type"`
		ID   int    `json:"id"`
		Data string `json:"data"`
	}
	sharedEvent struct {
		Type    string `json:"type"`
		ID      int    `json:"id"`
		Session string `json:"session"`
		Archive []byte `json:"archive"`
		Error   string `json:"error"`
	}
	typedEvent struct {
		Type string `json:"type"`
		ID   int    `json:"id"`
		Line string `json:"line"`
	}
	failedEvent struct {
		Type    string `json:"type"`
		Kind    string `json:"kind"` // storage, space, session, engine or request
		Message string `json:"message"`
	}
)

// What the messages about a lesson carry.
type (
	checkState struct {
		Check      string              `json:"check"`
		Status     lessons.Status      `json:"status"`
		Score      float64             `json:"score"`
		Points     int                 `json:"points"`
		Said       map[string]said     `json:"said"` // by language
		Prediction *lessons.Prediction `json:"prediction,omitempty"`
	}
	said struct {
		Say     []string `json:"say,omitempty"`
		Notes   []string `json:"notes,omitempty"`
		Details []string `json:"details,omitempty"`
	}
	observed struct {
		Event    string `json:"event"`
		Seq      int64  `json:"seq"`
		Actor    string `json:"actor"`
		Revision int64  `json:"revision,omitempty"`
		Name     string `json:"name"`
	}
)
