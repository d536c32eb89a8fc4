package kubectl

import (
	"fmt"
	"sort"
	"strings"

	"github.com/spf13/pflag"
)

// The headings of kubectl's own help, in order.
var groups = []string{
	"Basic Commands (Beginner):",
	"Basic Commands (Intermediate):",
	"Deploy Commands:",
	"Cluster Management Commands:",
	"Troubleshooting and Debugging Commands:",
	"Advanced Commands:",
	"Settings Commands:",
	"Other Commands:",
}

// elsewhere are kubectl's commands that this console does not have; they take
// part in suggestions, as they do in the real one. Some say what to do instead.
var elsewhere = map[string]string{
	"certificate":  "-",
	"attach":       "follow the container with kubectl logs -f",
	"port-forward": "nothing listens on your machine; ask from a pod: kubectl exec POD -- curl -s http://SERVICE",
	"proxy":        "nothing listens on your machine; kubectl get --raw PATH asks the API server",
	"cp":           "-", "debug": "-", "diff": "-", "kustomize": "-",
	"completion": "-", "kuberc": "-", "plugin": "-",
}

// allCommands are ours and those elsewhere, by name.
func allCommands() []*Command {
	list := append([]*Command{}, root.Sub...)
	for name := range elsewhere {
		list = append(list, &Command{Name: name})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// help is the text of --help, in kubectl's layout. own names the flags that
// are not global.
func (cmd *Command) help(flags *pflag.FlagSet, own map[string]bool) string {
	long := cmd.Long
	if long == "" {
		long = cmd.Short + "."
	}
	return strings.TrimSpace(long) + "\n\n" + cmd.usage(flags, own)
}

// usage is the help without its first paragraph.
func (cmd *Command) usage(flags *pflag.FlagSet, own map[string]bool) string {
	var sections []string
	if len(cmd.Aliases) > 0 {
		sections = append(sections, "Aliases:\n"+strings.Join(append([]string{cmd.Name}, cmd.Aliases...), ", "))
	}
	if cmd.Examples != "" {
		sections = append(sections, "Examples:\n"+indent(cmd.Examples))
	}
	if len(cmd.Sub) > 0 {
		sections = append(sections, cmd.commandList()...)
	}
	if len(own) > 0 {
		sections = append(sections, "Options:\n"+strings.TrimRight(flagUsages(flags, own), "\n"))
	}
	sections = append(sections, "Usage:\n  "+cmd.usageLine())
	tips := ""
	if len(cmd.Sub) > 0 {
		tips = fmt.Sprintf("Use \"%s <command> --help\" for more information about a given command.\n", cmd.path())
	}
	tips += "Use \"kubectl options\" for a list of global command-line options (applies to all commands).\n"
	return strings.Join(append(sections, tips), "\n\n")
}

func (cmd *Command) usageLine() string {
	line := cmd.path()
	if cmd.Usage != "" {
		line += " " + cmd.Usage
	}
	if !strings.Contains(line, "[options]") {
		line += " [options]"
	}
	return line
}

func (cmd *Command) commandList() []string {
	width := 11
	for _, s := range cmd.Sub {
		width = max(width, len(s.Name))
	}
	list := func(title, group string) string {
		text := ""
		for _, s := range cmd.Sub {
			if s.Group == group && s.Short != "" {
				text += fmt.Sprintf("\n  %-*s   %s", width, s.Name, s.Short)
			}
		}
		if text == "" {
			return ""
		}
		return title + text
	}
	if cmd.parent != nil {
		return []string{list("Available Commands:", "")}
	}
	var all []string
	for _, g := range groups {
		if text := list(g, g); text != "" {
			all = append(all, text)
		}
	}
	return all
}

func flagUsages(flags *pflag.FlagSet, which map[string]bool) string {
	var b strings.Builder
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || !which[f.Name] {
			return
		}
		b.WriteString("    ")
		if f.Shorthand != "" && f.Shorthand != f.Name {
			b.WriteString("-" + f.Shorthand + ", ")
		}
		value := f.DefValue
		if f.Value.Type() == "string" {
			value = "'" + value + "'"
		}
		fmt.Fprintf(&b, "--%s=%s:\n\t%s\n\n", f.Name, value, f.Usage)
	})
	return b.String()
}

// indent sets every line of an example two spaces in.
func indent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, l := range lines {
		lines[i] = "  " + strings.TrimSpace(l)
	}
	return strings.Join(lines, "\n")
}

func optionsCommand() *Command {
	return &Command{Name: "options", Setup: func(*pflag.FlagSet) action {
		return func(c *call, args []string) error {
			globals := pflag.NewFlagSet("", pflag.ContinueOnError)
			globalFlags(globals)
			c.out("The following options can be passed to any command:\n\n" + flagUsages(globals, flagNames(globals)))
			return nil
		}
	}}
}

func helpCommand() *Command {
	return &Command{Name: "help", Usage: "[command]", Setup: func(*pflag.FlagSet) action {
		return func(c *call, args []string) error {
			cmd, rest := find(root, args)
			if cmd == root && len(rest) > 0 {
				c.eprintf("Unknown help topic %#q\n\n\n%s", rest, root.usage(pflag.NewFlagSet("", pflag.ContinueOnError), nil))
				return nil
			}
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			if cmd.Setup != nil {
				cmd.Setup(flags)
			}
			c.out(cmd.help(flags, flagNames(flags)))
			return nil
		}
	}}
}
