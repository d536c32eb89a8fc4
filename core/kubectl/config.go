package kubectl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// The one context there is.
const contextName, clusterName, userName = "tabernetes", "tabernetes", "you"

func configCommand() *Command {
	return &Command{
		Name: "config", Group: groups[7],
		Short: "Modify kubeconfig files",
		Long:  "Look at the context of this console, and change its namespace.",
		Usage: "SUBCOMMAND",
		Missing: []string{"delete-cluster", "delete-context", "delete-user", "get-clusters", "get-users", "rename-context",
			"set", "set-cluster", "set-credentials", "unset"},
		Sub: []*Command{currentContextCommand(), getContextsCommand(), setContextCommand(), useContextCommand(), configViewCommand()},
	}
}

func currentContextCommand() *Command {
	return &Command{
		Name: "current-context", Short: "Display the current-context",
		Setup: func(*pflag.FlagSet) action {
			return func(c *call, _ []string) error {
				c.out(contextName + "\n")
				return nil
			}
		},
	}
}

func getContextsCommand() *Command {
	return &Command{
		Name: "get-contexts", Short: "Describe one or many contexts", Usage: "[(-o|--output=)name)]",
		Setup: func(f *pflag.FlagSet) action {
			noHeaders := f.Bool("no-headers", false, "When using the default or custom-column output format, don't print headers (default print headers).")
			output := f.StringP("output", "o", "", "Output format. One of: (name).")
			return func(c *call, args []string) error {
				for _, name := range args {
					if name != contextName {
						return fmt.Errorf("context %s not found", name)
					}
				}
				if *output == "name" {
					c.out(contextName + "\n")
					return nil
				}
				var t columns
				if !*noHeaders {
					t.row("CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE")
				}
				t.row("*", contextName, clusterName, userName, c.session.namespace)
				c.out(t.flush())
				return nil
			}
		},
	}
}

func setContextCommand() *Command {
	return &Command{
		Name: "set-context", Short: "Set a context entry in kubeconfig",
		Usage:    "[NAME | --current] [--namespace=namespace]",
		Examples: "# Work in another namespace from now on\nkubectl config set-context --current --namespace=team-a",
		Setup: func(f *pflag.FlagSet) action {
			current := f.Bool("current", false, "Modify the current context")
			return func(c *call, args []string) error {
				if *current == (len(args) > 0) {
					if *current {
						return fmt.Errorf("you cannot specify both a context name and --current")
					}
					return errors.New("you must specify a non-empty context name or --current")
				}
				if len(args) > 0 && args[0] != contextName {
					return fmt.Errorf("this console has one context only: %s", contextName)
				}
				if ns, given := c.namespace(); given {
					c.session.namespace = ns
				}
				c.printf("Context %q modified.\n", contextName)
				return nil
			}
		},
	}
}

func useContextCommand() *Command {
	return &Command{
		Name: "use-context", Aliases: []string{"use"}, Short: "Set the current-context in a kubeconfig file", Usage: "CONTEXT_NAME",
		Setup: func(*pflag.FlagSet) action {
			return func(c *call, args []string) error {
				if len(args) != 1 || args[0] != contextName {
					return fmt.Errorf("no context exists with the name: %q", strings.Join(args, " "))
				}
				c.printf("Switched to context %q.\n", contextName)
				return nil
			}
		},
	}
}

func configViewCommand() *Command {
	return &Command{
		Name: "view", Short: "Display merged kubeconfig settings or a specified kubeconfig file",
		Setup: func(f *pflag.FlagSet) action {
			o := &outputFlags{}
			o.add(f, generalFormatHelp)
			f.Lookup("output").DefValue = "yaml"
			f.Bool("minify", false, "Remove all information not used by current-context from the output")
			return func(c *call, _ []string) error {
				if o.format == "" {
					o.format = "yaml"
				}
				print, err := o.printer("")
				if err != nil {
					return err
				}
				return print(c, c.kubeconfig())
			}
		},
	}
}

func (c *call) kubeconfig() *object {
	return &object{Object: map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": contextName,
		"clusters": []any{map[string]any{"name": clusterName, "cluster": map[string]any{"server": c.session.env.Server}}},
		"contexts": []any{map[string]any{"name": contextName, "context": map[string]any{
			"cluster": clusterName, "user": userName, "namespace": c.session.namespace,
		}}},
		"users": []any{map[string]any{"name": userName, "user": map[string]any{}}},
	}}
}
