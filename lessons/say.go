package lessons

import (
	"fmt"
	"strings"

	"github.com/tabernetes/tabernetes/lessons/chain"
)

// Say is what a learner is told about a check that has not passed: the
// sentences of what was wrongly chosen, or else the check's own. It is empty
// for one that passed, was skipped, or has no answer yet.
func (l *Lesson) Say(lang string, r Result) []string {
	p := l.Prose[lang].Checks[r.Check]
	if r.Status == Unavailable {
		said := fmt.Sprintf(words[lang]["unavailable"], p.Title)
		if r.Beyond != "" {
			said += words[lang]["gap"] + words[lang]["beyond "+r.Beyond]
		}
		return []string{said}
	}
	if r.Status != Failed {
		return nil
	}
	var out []string
	for _, part := range r.Wrong {
		if said := p.Parts[part]; said != nil && len(said.Wrong) > 0 {
			out = append(out, Plain(said.Wrong))
		}
	}
	if r.Prediction != nil || len(out) == 0 {
		out = append(out, Plain(p.Fail))
	}
	return out
}

// words are the sentences that are the same in every lesson.
var words = map[string]map[string]string{
	"en": {
		"unavailable":       "%s: cannot be checked on this cluster.",
		"gap":               " ",
		"beyond trace":      "Nothing here records who wrote what. The API server's audit log would tell: --audit-log FILE.",
		"beyond causes":     "It happened in the right order, but an audit log does not say because of what.",
		"beyond unrecorded": "It is about a notification or a decision, and an audit log holds requests only.",
		"beyond changes":    "The audit log does not tell which fields were changed; that takes the level RequestResponse.",
		"beyond components": "It is about a component that is held or stopped, and this cluster's components are not in our hands.",
		"beyond traffic":    "It is about requests that are sent while something happens, and nothing sends them to this cluster.",
		"detail":            "%s: wanted %s, found %s",
		"nothing":           "nothing",
		"impossible":        "“%s” cannot happen yet where you put it: before it, this must have happened: %s.",
		"misconception":     "“%s” does not happen.",
		"surplus":           "“%s” does not happen this often.",
		"missing":           "“%s” is missing.",
		"move":              "“%s” is in the wrong place.",
		"cause":             "“%[2]s” is not what leads to “%[1]s”.",
		"far":               "“%[2]s” does lead to “%[1]s”, but something comes between them.",
		"uncaused":          "What directly leads to “%s” is not named in full.",
		"actor":             "“%s” is not done by %s.",
		"object":            "%s (%d)",
		"and":               "; ",
	},
	"zh-cn": {
		"unavailable":       "%s：在这个集群上无法检查。",
		"gap":               "",
		"beyond trace":      "这里没有记录是谁写了什么。API 服务器的审计日志里有：--audit-log FILE。",
		"beyond causes":     "先后顺序是对的，但审计日志不说明是什么引起的。",
		"beyond unrecorded": "它问的是一次通知或一个决定，而审计日志只记录请求。",
		"beyond changes":    "审计日志没有写明改了哪些字段；这需要 RequestResponse 级别。",
		"beyond components": "它问的是某个组件是否被按住或停掉，而这个集群的组件不归我们管。",
		"beyond traffic":    "它问的是在事情发生时发送的请求，而这里没有人向这个集群发送请求。",
		"detail":            "%s：应为 %s，实际为 %s",
		"nothing":           "空",
		"impossible":        "“%s”放在这里还不可能发生：在它之前必须先发生：%s。",
		"misconception":     "“%s”并不会发生。",
		"surplus":           "“%s”不会发生这么多次。",
		"missing":           "缺少“%s”。",
		"move":              "“%s”的位置不对。",
		"cause":             "“%[2]s”并不会引起“%[1]s”。",
		"far":               "“%[2]s”确实会引起“%[1]s”，但中间还隔着别的事件。",
		"uncaused":          "直接引起“%s”的事件没有写全。",
		"actor":             "“%s”不是由 %s 完成的。",
		"object":            "%s（%d）",
		"and":               "；",
	},
}

// SayNote is a note on a prediction in words.
func (l *Lesson) SayNote(lang string, check string, n Note) string {
	w := words[lang]
	event := l.eventTitle(lang, check, n.Event)
	p := l.Prose[lang].Checks[check]
	if part := p.Parts[n.Event]; n.Code == "misconception" && part != nil && len(part.Wrong) > 0 {
		return fmt.Sprintf(w["misconception"], event) + " " + Plain(part.Wrong)
	}
	switch n.Code {
	case "actor":
		return fmt.Sprintf(w["actor"], event, n.Others[0])
	case "impossible", "cause", "far":
		others := make([]string, len(n.Others))
		for i, o := range n.Others {
			others[i] = l.eventTitle(lang, check, o)
		}
		return fmt.Sprintf(w[n.Code], event, strings.Join(others, w["and"]))
	}
	return fmt.Sprintf(w[n.Code], event)
}

// eventTitle is an event's text, with its object's number where it has one.
func (l *Lesson) eventTitle(lang, check, event string) string {
	e := chain.ParseEvent(event)
	part := l.Prose[lang].Checks[check].Parts[e.Block]
	title := e.Block
	if part != nil {
		title = strings.TrimRight(Plain(part.Text), ".。")
	}
	if e.Object > 0 {
		return fmt.Sprintf(words[lang]["object"], title, e.Object)
	}
	return title
}

// SayDetail is a detail in words.
func SayDetail(lang string, d Detail) string {
	or := func(s string) string {
		if s == "" {
			return words[lang]["nothing"]
		}
		return s
	}
	return fmt.Sprintf(words[lang]["detail"], or(d.Path), or(d.Want), or(d.Got))
}

// Told is a result with its words, for the page.
type Told struct {
	Result
	// Say are the sentences for a learner, Notes those on a prediction,
	// DetailsSaid the details in words.
	Say         []string `json:"say,omitempty"`
	Notes       []string `json:"notes,omitempty"`
	DetailsSaid []string `json:"detailsSaid,omitempty"`
}

// Told puts a result into words.
func (l *Lesson) Told(lang string, r Result) Told {
	t := Told{Result: r, Say: l.Say(lang, r)}
	if r.Prediction != nil {
		for _, n := range r.Prediction.Notes {
			t.Notes = append(t.Notes, l.SayNote(lang, r.Check, n))
		}
	}
	for _, d := range r.Details {
		t.DetailsSaid = append(t.DetailsSaid, SayDetail(lang, d))
	}
	return t
}
