package kubectl

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/version"
	"sigs.k8s.io/yaml"
)

func clusterInfoCommand() *Command {
	return &Command{
		Name: "cluster-info", Group: groups[3],
		Short: "Display cluster information",
		Long:  "Display addresses of the control plane and services with label kubernetes.io/cluster-service=true.",
		Usage: "[flags]", Examples: "kubectl cluster-info", Missing: []string{"dump"},
		Setup: func(*pflag.FlagSet) action {
			return func(c *call, args []string) error {
				q := c.query([]string{"services"}).selector("kubernetes.io/cluster-service=true")
				if c.givenNamespace() == "" {
					q.namespace = "kube-system"
				}
				q.limit = 0
				// A server that has no services has none to show.
				if _, err := q.infos(); err != nil && q.started() {
					return err
				}
				c.printf("Kubernetes control plane is running at %s\n", c.session.env.Server)
				c.out("\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n")
				return nil
			}
		},
	}
}

// kustomizeVersion is the one built into kubectl v1.36.
const kustomizeVersion = "v5.8.1"

func versionCommand() *Command {
	return &Command{
		Name: "version", Group: groups[7],
		Short:    "Print the client and server version information",
		Long:     "Print the client and server version information for the current context.",
		Usage:    "[flags]",
		Examples: "kubectl version",
		Setup: func(f *pflag.FlagSet) action {
			client := f.Bool("client", false, "If true, shows client version only (no server required).")
			output := f.StringP("output", "o", "", "One of 'yaml' or 'json'.")
			return func(c *call, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("extra arguments: %v", args)
				}
				return c.versions(*client, *output)
			}
		},
	}
}

type versions struct {
	ClientVersion    *version.Info `json:"clientVersion,omitempty"`
	KustomizeVersion string        `json:"kustomizeVersion,omitempty"`
	ServerVersion    *version.Info `json:"serverVersion,omitempty"`
}

func (c *call) versions(clientOnly bool, output string) error {
	if output != "" && output != "yaml" && output != "json" {
		return &exitError{"error: --output must be 'yaml' or 'json'", 1}
	}
	v := versions{
		ClientVersion:    &version.Info{Major: "1", Minor: "36", GitVersion: Version, GitTreeState: "clean", Compiler: "gc", Platform: "js/wasm"},
		KustomizeVersion: kustomizeVersion,
	}
	var failed error
	if !clientOnly {
		v.ServerVersion = &version.Info{}
		if failed = c.into("/version", map[string][]string{"timeout": {"32s"}}, v.ServerVersion); failed != nil {
			v.ServerVersion = nil
		}
	}
	switch output {
	case "yaml":
		data, err := yaml.Marshal(v)
		if err != nil {
			return err
		}
		c.out(string(data))
	case "json":
		data, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err
		}
		c.out(string(data) + "\n")
	default:
		c.printf("Client Version: %s\nKustomize Version: %s\n", v.ClientVersion.GitVersion, v.KustomizeVersion)
		if v.ServerVersion != nil {
			c.printf("Server Version: %s\n", v.ServerVersion.GitVersion)
		}
	}
	return failed
}

func apiVersionsCommand() *Command {
	return &Command{
		Name: "api-versions", Group: groups[7],
		Short:    `Print the supported API versions on the server, in the form of "group/version"`,
		Examples: "kubectl api-versions",
		Setup: func(*pflag.FlagSet) action {
			return func(c *call, args []string) error {
				if len(args) > 0 {
					return c.usageError("unexpected arguments: %v", args)
				}
				c.session.found = nil
				found, err := c.discover()
				if err != nil {
					return err
				}
				list := append([]string{}, found.groups...)
				sort.Strings(list)
				c.out(strings.Join(list, "\n") + "\n")
				return nil
			}
		},
	}
}
