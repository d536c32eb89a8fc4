package kubectl

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
)

// tool is a shell command. It calls then with its exit code.
type tool func(x *execution, args []string, io stdio, then func(int))

// tools are the few that the console has beside kubectl.
var tools = map[string]tool{
	"clear": clearScreen,
	"cat":   atOnce(cat),
	"ls":    atOnce(ls),
	"echo":  atOnce(echo),
	"grep":  atOnce(grep),
	"head":  atOnce(head),
	"tail":  atOnce(tail),
	"sort":  atOnce(sortLines),
	"wc":    atOnce(wc),
	"sleep": sleep,
	"nano":  nano,
	"vi":    nano,
	"curl":  outside,
	"wget":  outside,
	"true":  atOnce(func(*execution, []string, stdio) int { return 0 }),
	"false": atOnce(func(*execution, []string, stdio) int { return 1 }),
}

func atOnce(run func(x *execution, args []string, io stdio) int) tool {
	return func(x *execution, args []string, io stdio, then func(int)) { then(run(x, args, io)) }
}

func clearScreen(x *execution, _ []string, _ stdio, then func(int)) {
	if x.session.env.Clear != nil {
		x.session.env.Clear()
	}
	then(0)
}

// sleep lets the world's time pass.
func sleep(x *execution, args []string, _ stdio, then func(int)) {
	var d time.Duration
	for _, a := range args[1:] {
		if strings.Trim(a, "0123456789.") == "" {
			a += "s"
		}
		more, err := time.ParseDuration(a)
		if err != nil || more < 0 {
			x.err("sleep: invalid time interval '" + a + "'\n")
			then(1)
			return
		}
		d += more
	}
	if len(args) == 1 {
		x.err("sleep: missing operand\n")
		then(1)
		return
	}
	x.stop = x.session.env.After(d, func() {
		x.stop = nil
		then(0)
	})
}

// nano opens a file in the editor, an empty one where there is none; what is
// saved is its content then.
func nano(x *execution, args []string, _ stdio, then func(int)) {
	if len(args) != 2 {
		x.err("usage: " + args[0] + " FILE\n")
		then(1)
		return
	}
	if x.session.env.Edit == nil {
		x.err(args[0] + ": no editor here\n")
		then(1)
		return
	}
	content, _ := x.session.read(args[1])
	given := false
	x.stop = func() { given = true }
	x.session.env.Edit(args[1], content, func(edited []byte, saved bool) {
		if given {
			return
		}
		exit := 0
		if saved {
			if err := x.session.write(args[1], edited, false); err != nil {
				x.err(args[0] + ": " + args[1] + ": " + err.Error() + "\n")
				exit = 1
			}
		}
		x.stop = x.session.env.After(0, func() {
			x.stop = nil
			then(exit)
		})
	})
}

// outside runs a program that makes calls, on the learner's own machine.
func outside(x *execution, args []string, io stdio, then func(int)) {
	run := x.session.env.Outside
	if run == nil {
		x.err("bash: " + args[0] + ": command not found\n")
		then(127)
		return
	}
	out, errs, exit, takes := run(args)
	x.stop = x.session.env.After(takes, func() {
		x.stop = nil
		io.out(out)
		x.err(errs)
		then(exit)
	})
}

func cat(x *execution, args []string, io stdio) int {
	if len(args) == 1 {
		io.out(string(io.in))
		return 0
	}
	exit := 0
	for _, name := range args[1:] {
		if x.halted() {
			return 130
		}
		if name == "-" {
			io.out(string(io.in))
			continue
		}
		data, err := x.session.read(name)
		if err != nil {
			x.err("cat: " + name + ": No such file or directory\n")
			exit = 1
			continue
		}
		io.out(string(data))
	}
	return exit
}

func ls(x *execution, args []string, io stdio) int {
	if x.session.env.Files == nil {
		return 0
	}
	for _, name := range x.session.env.Files.Names() {
		io.out(name + "\n")
	}
	return 0
}

func echo(_ *execution, args []string, io stdio) int {
	words, end := args[1:], "\n"
	if len(words) > 0 && words[0] == "-n" {
		words, end = words[1:], ""
	}
	io.out(strings.Join(words, " ") + end)
	return 0
}

// toolHint suggests kubectl's command of the same name.
func toolHint(args []string) string {
	if root.sub(args[0]) != nil && args[0] != "help" {
		return "Did you mean: kubectl " + strings.Join(args, " ") + "\n"
	}
	return ""
}

// lines are those of the files named, or of what was piped in.
func (x *execution) lines(files []string, io stdio) ([]string, bool) {
	text := string(io.in)
	for i, name := range files {
		data, err := x.session.read(name)
		if err != nil {
			x.err(name + ": No such file or directory\n")
			return nil, false
		}
		if i == 0 {
			text = ""
		}
		text += string(data)
	}
	list := strings.Split(text, "\n")
	if list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list, true
}

// options takes single-letter flags off the front of args.
func options(args []string, known string) (flags string, rest []string, ok bool) {
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		for _, r := range args[0][1:] {
			if !strings.ContainsRune(known, r) {
				return "", nil, false
			}
		}
		flags, args = flags+args[0][1:], args[1:]
	}
	return flags, args, true
}

// grep looks for a plain text; its flags are -i, -v and -c.
func grep(x *execution, args []string, io stdio) int {
	flags, rest, ok := options(args[1:], "ivcFE")
	if !ok || len(rest) == 0 {
		x.err("usage: grep [-ivc] TEXT [FILE]...\n")
		return 2
	}
	lines, ok := x.lines(rest[1:], io)
	if !ok {
		return 2
	}
	wanted, fold, invert := rest[0], strings.Contains(flags, "i"), strings.Contains(flags, "v")
	if fold {
		wanted = strings.ToLower(wanted)
	}
	count := 0
	for _, l := range lines {
		have := l
		if fold {
			have = strings.ToLower(l)
		}
		if strings.Contains(have, wanted) == invert {
			continue
		}
		count++
		if !strings.Contains(flags, "c") {
			io.out(l + "\n")
		}
	}
	if strings.Contains(flags, "c") {
		io.out(strconv.Itoa(count) + "\n")
	}
	if count == 0 {
		return 1
	}
	return 0
}

// howMany reads -n N or -N.
func howMany(args []string) (n int, rest []string, ok bool) {
	if len(args) == 0 || args[0] == "-" || args[0][0] != '-' {
		return 10, args, true
	}
	number, rest := strings.TrimPrefix(strings.TrimPrefix(args[0], "-"), "n"), args[1:]
	if number == "" && len(rest) > 0 {
		number, rest = rest[0], rest[1:]
	}
	n, err := strconv.Atoi(number)
	return n, rest, err == nil && n >= 0
}

func head(x *execution, args []string, io stdio) int {
	return part(x, args, io, func(lines []string, n int) []string { return lines[:min(n, len(lines))] })
}

func tail(x *execution, args []string, io stdio) int {
	return part(x, args, io, func(lines []string, n int) []string { return lines[max(0, len(lines)-n):] })
}

func part(x *execution, args []string, io stdio, pick func([]string, int) []string) int {
	n, rest, ok := howMany(args[1:])
	if !ok {
		x.err("usage: " + args[0] + " [-n LINES] [FILE]...\n")
		return 1
	}
	lines, ok := x.lines(rest, io)
	if !ok {
		return 1
	}
	for _, l := range pick(lines, n) {
		io.out(l + "\n")
	}
	return 0
}

func sortLines(x *execution, args []string, io stdio) int {
	flags, rest, ok := options(args[1:], "ru")
	lines, found := x.lines(rest, io)
	if !ok || !found {
		return 2
	}
	sort.Strings(lines)
	if strings.Contains(flags, "r") {
		sort.Sort(sort.Reverse(sort.StringSlice(lines)))
	}
	for i, l := range lines {
		if i > 0 && strings.Contains(flags, "u") && lines[i-1] == l {
			continue
		}
		io.out(l + "\n")
	}
	return 0
}

// wc counts lines, words and bytes, or what -l, -w, -c ask for.
func wc(x *execution, args []string, io stdio) int {
	flags, rest, ok := options(args[1:], "lwc")
	lines, found := x.lines(rest, io)
	if !ok || !found {
		return 1
	}
	words, size := 0, 0
	for _, l := range lines {
		words += len(strings.Fields(l))
		size += len(l) + 1
	}
	switch flags {
	case "l":
		io.out(fmt.Sprintln(len(lines)))
	case "w":
		io.out(fmt.Sprintln(words))
	case "c":
		io.out(fmt.Sprintln(size))
	default:
		io.out(fmt.Sprintf("%7d %7d %7d\n", len(lines), words, size))
	}
	return 0
}
