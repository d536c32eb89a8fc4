package kubectl

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Command is one word of kubectl's language, with its help.
type Command struct {
	Name     string
	Aliases  []string
	Suggest  []string // words that are answered with "did you mean NAME?"
	Short    string
	Long     string
	Usage    string // what follows "kubectl … NAME"
	Examples string
	Group    string // the heading it stands under in kubectl's own help
	Required []string
	Sub      []*Command
	// HelpOnOut has the help that a missing subcommand brings on standard
	// output, as upstream's rollout does; the others use standard error.
	HelpOnOut bool
	// Missing are upstream's subcommands that this console does not have.
	Missing []string
	// Setup declares the flags and returns what runs once they are parsed.
	Setup func(f *pflag.FlagSet) action

	parent *Command
}

// action runs a command. It returns errLater when it will call finish itself.
type action func(c *call, args []string) error

// call is one command being run.
type call struct {
	session  *Session
	cmd      *Command
	flags    *pflag.FlagSet
	raw      []string      // the arguments as typed
	limit    time.Duration // of a stream; 0: none
	stdin    []byte
	hasStdin bool
	out, err func(string)
	finish   func(error)
	stop     func() // abandons what a waiting command waits for

	warned map[string]bool
}

func (c *call) printf(format string, args ...any)  { c.out(fmt.Sprintf(format, args...)) }
func (c *call) eprintf(format string, args ...any) { c.err(fmt.Sprintf(format, args...)) }

func (c *call) warn(text string) {
	if c.warned == nil {
		c.warned = map[string]bool{}
	}
	if !c.warned[text] {
		c.warned[text] = true
		c.err("Warning: " + text + "\n")
	}
}

// later says that the command goes on; stop abandons it.
func (c *call) later(stop func()) error {
	c.stop = stop
	return errLater
}

// namespace is that of the -n flag or of the context, and whether it was given.
func (c *call) namespace() (string, bool) {
	if f := c.flags.Lookup("namespace"); f != nil && f.Value.String() != "" {
		return f.Value.String(), true
	}
	return c.session.namespace, false
}

// path is how the command is called: "kubectl rollout status".
func (c *call) path() string { return c.cmd.path() }

func (cmd *Command) path() string {
	if cmd.parent == nil {
		return cmd.Name
	}
	return cmd.parent.path() + " " + cmd.Name
}

func (cmd *Command) sub(word string) *Command {
	for _, s := range cmd.Sub {
		if s.Name == word {
			return s
		}
		for _, a := range s.Aliases {
			if a == word {
				return s
			}
		}
	}
	return nil
}

// adopt sorts the commands below cmd and tells them their parent.
func (cmd *Command) adopt() *Command {
	sort.SliceStable(cmd.Sub, func(i, j int) bool { return cmd.Sub[i].Name < cmd.Sub[j].Name })
	for _, s := range cmd.Sub {
		s.parent = cmd
		s.adopt()
	}
	return cmd
}

// globalFlags are those that every command takes.
func globalFlags(f *pflag.FlagSet) {
	f.StringP("namespace", "n", "", "If present, the namespace scope for this CLI request")
	f.String("context", "", "The name of the kubeconfig context to use")
	f.String("cluster", "", "The name of the kubeconfig cluster to use")
	if f.Lookup("user") == nil { // create rolebinding has one of its own
		f.String("user", "", "The name of the kubeconfig user to use")
	}
	f.String("kubeconfig", "", "Path to the kubeconfig file to use for CLI requests.")
	f.StringP("server", "s", "", "The address and port of the Kubernetes API server")
	f.String("as", "", "Username to impersonate for the operation. User could be a regular user or a service account in a namespace.")
	f.StringArray("as-group", nil, "Group to impersonate for the operation, this flag can be repeated to specify multiple groups.")
	f.String("as-uid", "", "UID to impersonate for the operation.")
	f.String("request-timeout", "0", "The length of time to wait before giving up on a single server request.")
	f.Bool("warnings-as-errors", false, "Treat warnings received from the server as errors and exit with a non-zero exit code")
	f.IntP("v", "v", 0, "number for the log level verbosity")
}

// find walks from the root along the words of args that name commands, and
// returns the command and the arguments without those words.
func find(root *Command, args []string) (*Command, []string) {
	cmd, rest := root, args
	for len(cmd.Sub) > 0 {
		i := firstWord(rest)
		if i < 0 {
			break
		}
		next := cmd.sub(rest[i])
		if next == nil {
			break
		}
		cmd = next
		rest = append(append([]string{}, rest[:i]...), rest[i+1:]...)
	}
	return cmd, rest
}

// firstWord is the index of the first argument that is neither a flag nor a
// flag's value; -1 when there is none.
func firstWord(args []string) int {
	globals := pflag.NewFlagSet("", pflag.ContinueOnError)
	globalFlags(globals)
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return -1
		case strings.HasPrefix(a, "--") && !strings.Contains(a, "="):
			if f := globals.Lookup(a[2:]); a != "--help" && (f == nil || f.NoOptDefVal == "") {
				i++
			}
		case strings.HasPrefix(a, "-") && len(a) == 2:
			if a != "-h" {
				i++
			}
		case strings.HasPrefix(a, "-") && a != "-":
		default:
			return i
		}
	}
	return -1
}

// run finds the command, parses its flags and runs it.
func (c *call) run(args []string) error {
	cmd, rest := find(root, args)
	c.cmd, c.raw = cmd, args
	if cmd == root {
		if i := firstWord(rest); i >= 0 {
			return c.unknown(rest, i)
		}
	}
	act, own, help := c.declare()
	if err := c.flags.Parse(rest); err != nil && !errors.Is(err, pflag.ErrHelp) {
		return fmt.Errorf("%v\nSee '%s --help' for usage.", flagError(err), cmd.path())
	}
	if *help || cmd == root {
		c.out(cmd.help(c.flags, own))
		return nil
	}
	if err := c.timeout(); err != nil {
		return err
	}
	if act == nil && c.flags.NArg() == 0 {
		show := c.err
		if cmd.HelpOnOut {
			show = c.out
		}
		show(cmd.help(c.flags, own))
		return errExit
	}
	if slices.Contains(cmd.Missing, c.flags.Arg(0)) {
		return fmt.Errorf("%s %s is not available in this console", cmd.path(), c.flags.Arg(0))
	}
	c.deprecated()
	if err := c.required(); err != nil {
		return err
	}
	if act == nil {
		return c.usageError("unknown command %q", c.flags.Arg(0))
	}
	return act(c, c.flags.Args())
}

// declare declares the command's flags, its own and the global ones.
func (c *call) declare() (act action, own map[string]bool, help *bool) {
	c.flags = pflag.NewFlagSet(c.cmd.Name, pflag.ContinueOnError)
	c.flags.Usage = func() {}
	c.flags.SetOutput(errWriter{c})
	if c.cmd.Setup != nil {
		act = c.cmd.Setup(c.flags)
	}
	own = flagNames(c.flags)
	globalFlags(c.flags)
	return act, own, c.flags.BoolP("help", "h", false, "")
}

// deprecated warns of --dry-run without a value.
func (c *call) deprecated() {
	if f := c.flags.Lookup("dry-run"); f != nil && f.Value.String() == "unchanged" {
		c.eprintf("W%s       1 helpers.go:719] --dry-run is deprecated and can be replaced with --dry-run=client.\n",
			c.session.env.Now().UTC().Format("0102 15:04:05.000000"))
	}
}

func (c *call) required() error {
	var missing []string
	for _, name := range c.cmd.Required {
		if !c.flags.Changed(name) {
			missing = append(missing, `"`+name+`"`)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("required flag(s) %s not set", strings.Join(missing, ", "))
	}
	return nil
}

func flagNames(f *pflag.FlagSet) map[string]bool {
	names := map[string]bool{}
	f.VisitAll(func(f *pflag.Flag) { names[f.Name] = true })
	return names
}

// unknown answers a first word that names no command.
func (c *call) unknown(args []string, i int) error {
	word := args[i]
	if elsewhere[word] != "" {
		text := "kubectl " + word + " is not available in this console"
		if elsewhere[word] != "-" {
			text += ": " + elsewhere[word]
		}
		return errors.New(text)
	}
	if i > 0 {
		return &exitError{"Error: flags cannot be placed before plugin name: " + args[0], 1}
	}
	text := fmt.Sprintf("unknown command %q for \"kubectl\"", word)
	if like := suggestions(word); len(like) > 0 {
		text += "\n\nDid you mean this?\n\t" + strings.Join(like, "\n\t") + "\n"
	}
	return errors.New(text)
}

// suggestions are the commands that word may have been meant for.
func suggestions(word string) []string {
	word = strings.ToLower(word)
	var like []string
	for _, cmd := range allCommands() {
		name, also := cmd.Name, cmd.Suggest
		near := distance(word, name) <= 2 || strings.HasPrefix(name, word)
		for _, s := range also {
			near = near || s == word
		}
		if near {
			like = append(like, name)
		}
	}
	return like
}

// distance is Levenshtein's, in single edits.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

// flagError says what is wrong with a flag's value in the words of strconv, as
// kubectl's release of pflag does.
func flagError(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	f, value := invalid.GetFlag(), invalid.GetValue()
	cause := errors.Unwrap(err)
	switch f.Value.Type() {
	case "bool":
		_, cause = strconv.ParseBool(value)
	case "int", "int32", "int64":
		_, cause = strconv.ParseInt(value, 0, 64)
	case "duration":
		_, cause = time.ParseDuration(value)
	}
	if cause == nil {
		return err
	}
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	return fmt.Errorf("invalid argument %q for %q flag: %v", value, name, cause)
}

// timeout reads --request-timeout, which ends streams; other requests are
// answered at once.
func (c *call) timeout() error {
	text := c.flags.Lookup("request-timeout").Value.String()
	if seconds, err := strconv.Atoi(text); err == nil {
		c.limit = time.Duration(seconds) * time.Second
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)")
	}
	c.limit = d
	return nil
}
