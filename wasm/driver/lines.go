package driver

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/tabernetes/tabernetes/core/trace"
)

// lines are entries on their way to the page. In a crowd there are ten for
// every pod, so they are encoded by hand: by reflection it would cost as much
// as the world itself.
type lines []trace.Line

// MarshalJSON writes what encoding/json would.
func (l lines) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 320*len(l)+2)
	b = append(b, '[')
	for i := range l {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendLine(b, &l[i]); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendLine(b []byte, e *trace.Line) ([]byte, error) {
	b = appendString(append(b, `{"type":`...), string(e.Type))
	b = strconv.AppendInt(append(b, `,"seq":`...), e.Seq, 10)
	b = appendNumber(b, `,"revision":`, e.Revision)
	b = appendString(append(b, `,"time":`...), e.Time)
	b = appendString(append(b, `,"actor":`...), e.Actor)
	b = appendString(append(b, `,"verb":`...), e.Verb)
	b = appendString(append(b, `,"group":`...), e.Group)
	b = appendString(append(b, `,"resource":`...), e.Resource)
	b = appendString(append(b, `,"subresource":`...), e.Subresource)
	b = appendString(append(b, `,"namespace":`...), e.Namespace)
	b = appendString(append(b, `,"name":`...), e.Name)
	b = appendText(b, `,"method":`, e.Method)
	b = appendText(b, `,"path":`, e.Path)
	b = appendNumber(b, `,"code":`, int64(e.Code))
	b = appendText(b, `,"reason":`, e.Reason)
	b = appendText(b, `,"message":`, e.Message)
	b = appendNumbers(append(b, `,"causes":`...), e.Causes)
	b = appendNumber(b, `,"step":`, int64(e.Step))
	if e.Verdict != nil {
		v, err := json.Marshal(e.Verdict)
		if err != nil {
			return nil, err
		}
		b = append(append(b, `,"verdict":`...), v...)
	}
	return append(b, '}'), nil
}

// appendNumber and appendText leave out what is empty.
func appendNumber(b []byte, key string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, key...), n, 10)
}

func appendText(b []byte, key, s string) []byte {
	if s == "" {
		return b
	}
	return appendString(append(b, key...), s)
}

func appendNumbers(b []byte, ns []int64) []byte {
	if ns == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i, n := range ns {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, n, 10)
	}
	return append(b, ']')
}

// appendString quotes s; what needs escapes is left to encoding/json.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c >= utf8.RuneSelf {
			quoted, _ := json.Marshal(s) // a string always can be
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
