package main

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"strings"
)

func (f *fault) row() string {
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |", path.Base(f.name), f.about, f.worlds, f.scenarios, f.own)
}

const head = `# Faults, and who notices

Made by ` + "`make mutants`" + `, which plants each fault of [testdata/mutants/faults.list](testdata/mutants/faults.list) in the engine and runs the worlds of core/cluster (TestWorlds) until one goes wrong, and the scenarios of this folder; where neither notices, the package's own tests are asked. ` + "`ONLY='job/.*'`" + ` tries some.

%d faults: the worlds notice %d, the scenarios %d, neither %d.
`

var line = regexp.MustCompile("^\\| `([^`]+)` \\| (.*) \\| (.*) \\| (.*) \\| (.*) \\|$")

// rowsOf are the rows of a table that was written before, by the faults' names.
func rowsOf(file string) (map[string]string, error) {
	rows := map[string]string{}
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return rows, nil
	}
	area := ""
	for _, l := range strings.Split(string(text), "\n") {
		if name, ok := strings.CutPrefix(l, "## "); ok {
			area = name
		}
		if m := line.FindStringSubmatch(l); m != nil {
			rows[area+"/"+m[1]] = l
		}
	}
	return rows, err
}

func write(file string, faults []*fault, rows map[string]string) error {
	var b strings.Builder
	area := ""
	var all, worlds, scenarios, neither int
	for _, f := range faults {
		m := line.FindStringSubmatch(rows[f.name])
		if m == nil { // not tried yet
			continue
		}
		all++
		if m[3] != nobody {
			worlds++
		}
		if m[4] != nobody {
			scenarios++
		}
		if m[3] == nobody && m[4] == nobody {
			neither++
		}
		if dir := path.Dir(f.name); dir != area {
			area = dir
			fmt.Fprintf(&b, "\n## %s\n\n| fault | what is wrong | worlds | scenarios | own tests |\n|---|---|---|---|---|\n", area)
		}
		fmt.Fprintf(&b, "%s\n", rows[f.name])
	}
	return os.WriteFile(file, []byte(fmt.Sprintf(head, all, worlds, scenarios, neither)+b.String()), 0o644)
}
