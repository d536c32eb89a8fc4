package lessons

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestBlocks(t *testing.T) {
	for text, want := range map[string]string{
		"one\ntwo":                          `[{"type":"paragraph","text":[{"text":"one two"}]}]`,
		"一行\n两行":                            `[{"type":"paragraph","text":[{"text":"一行两行"}]}]`,
		"a `b` **c** *d* [e](https://f)":    `[{"type":"paragraph","text":[{"text":"a "},{"kind":"code","text":"b"},{"text":" "},{"kind":"strong","text":"c"},{"text":" "},{"kind":"em","text":"d"},{"text":" "},{"kind":"link","text":"e","href":"https://f"}]}]`,
		"- a\n- b\n  c":                     `[{"type":"list","items":[{"text":[{"text":"a"}]},{"text":[{"text":"b c"}]}]}]`,
		"1. a\n2. b":                        `[{"type":"list","items":[{"text":[{"text":"a"}]},{"text":[{"text":"b"}]}],"ordered":true}]`,
		"- {#x} a\n  > no":                  `[{"type":"list","items":[{"id":"x","text":[{"text":"a"}],"blocks":[{"type":"note","blocks":[{"type":"paragraph","text":[{"text":"no"}]}]}]}]}]`,
		"```console\nkubectl get po\n```":   `[{"type":"code","lang":"console","code":"kubectl get po"}]`,
		"```\n# no heading\n```":            `[{"type":"code","code":"# no heading"}]`,
		"> a\n> b\n\nc":                     `[{"type":"note","blocks":[{"type":"paragraph","text":[{"text":"a b"}]}]},{"type":"paragraph","text":[{"text":"c"}]}]`,
		"| a | b |\n|---|---|\n| 1 | `2` |": `[{"type":"table","rows":[[[{"text":"a"}],[{"text":"b"}]],[[{"text":"1"}],[{"kind":"code","text":"2"}]]]}]`,
		"<script>alert(1)</script>":         `[{"type":"paragraph","text":[{"text":"\u003cscript\u003ealert(1)\u003c/script\u003e"}]}]`,
		"2 * 3 * 4":                         `[{"type":"paragraph","text":[{"text":"2 * 3 * 4"}]}]`,
	} {
		blocks, err := parseBlocks(strings.Split(text, "\n"))
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got, err := json.Marshal(blocks)
		if err != nil || string(got) != want {
			t.Errorf("%q:\n%s\nwant\n%s (%v)", text, got, want, err)
		}
	}
}

// FuzzProse: no text makes the parser panic or go on for ever.
func FuzzProse(f *testing.F) {
	for name, text := range Template("sample") {
		if strings.HasSuffix(name, ".md") {
			f.Add(text)
		}
	}
	f.Add("---\ntitle: a\nsummary: b\n---\n#### x\n- {#\n> \n|\n```")
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = parseProse([]byte(text)) // whether it is prose does not matter here
	})
}
