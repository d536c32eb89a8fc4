package kubectl

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// simpleCreate is a create command with flags of its own, of which build makes
// the object. plural is where it is posted: "/api/v1/{ns}secrets" with the
// namespace in the place of {ns}.
func simpleCreate(cmd Command, plural, wrap string, build func(f *pflag.FlagSet) func(c *call, name string) (any, error)) *Command {
	cmd.Setup = func(f *pflag.FlagSet) action {
		o := &sending{}
		o.add(f, "kubectl-create")
		object := build(f)
		return func(c *call, args []string) error {
			name, err := c.oneName(args)
			if err != nil {
				return err
			}
			obj, err := object(c, name)
			if err != nil {
				return err
			}
			ns, _ := c.namespace()
			return o.post(c, strings.Replace(plural, "{ns}", "namespaces/"+ns+"/", 1), ns, obj, wrap)
		}
	}
	return &cmd
}

func named(c *call, apiVersion, kind, name string, namespaced bool) (metav1.TypeMeta, metav1.ObjectMeta) {
	meta := metav1.ObjectMeta{Name: name}
	if namespaced {
		meta.Namespace = c.givenNamespace()
	}
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}, meta
}

func createSecretCommand() *Command {
	return &Command{
		Name:  "secret",
		Short: "Create a secret using a specified subcommand",
		Usage: "(docker-registry | generic | tls)",
		Sub:   []*Command{createGenericSecret(), createRegistrySecret(), createTLSSecret()},
		Setup: func(*pflag.FlagSet) action {
			return func(c *call, _ []string) error { return c.usageError("unknown command") }
		},
	}
}

func newSecret(c *call, name string, kind corev1.SecretType) *corev1.Secret {
	s := &corev1.Secret{Type: kind, Data: map[string][]byte{}}
	s.TypeMeta, s.ObjectMeta = named(c, "v1", "Secret", name, true)
	return s
}

func createGenericSecret() *Command {
	return simpleCreate(Command{
		Name: "generic", Short: "Create a secret from a local file, directory, or literal value",
		Usage:    "NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
		Examples: "# A secret with the values given here\nkubectl create secret generic my-secret --from-literal=user=jane --from-literal=password=s3cret",
	}, "/api/v1/{ns}secrets", "failed to create secret", func(f *pflag.FlagSet) func(*call, string) (any, error) {
		values := &configMapOptions{}
		kind := f.String("type", "", "The type of secret to create")
		f.StringSliceVar(&values.files, "from-file", nil, "Key files can be specified using their file path, in which case a default name will be given to them, or optionally with a name and file path, in which case the given name will be used.")
		f.StringArrayVar(&values.literals, "from-literal", nil, "Specify a key and literal value to insert in secret (i.e. mykey=somevalue)")
		f.StringSliceVar(&values.env, "from-env-file", nil, "Specify the path to a file to read lines of key=val pairs to create a secret.")
		return func(c *call, name string) (any, error) {
			if len(values.env) > 0 && len(values.files)+len(values.literals) > 0 {
				return nil, errors.New("from-env-file cannot be combined with from-file or from-literal")
			}
			secret := newSecret(c, name, corev1.SecretType(*kind))
			cm := &corev1.ConfigMap{ObjectMeta: secret.ObjectMeta, Data: map[string]string{}, BinaryData: map[string][]byte{}}
			if err := values.fill(c, cm); err != nil {
				return nil, errors.New(strings.Replace(err.Error(), "ConfigMap", "Secret", 1))
			}
			for key, text := range cm.Data {
				secret.Data[key] = []byte(text)
			}
			for key, data := range cm.BinaryData {
				secret.Data[key] = data
			}
			return secret, nil
		}
	})
}

func createTLSSecret() *Command {
	return simpleCreate(Command{
		Name: "tls", Short: "Create a TLS secret", Required: []string{"cert", "key"},
		Usage:    "NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]",
		Examples: "# A secret with a certificate and its key\nkubectl create secret tls tls-secret --cert=tls.crt --key=tls.key",
	}, "/api/v1/{ns}secrets", "failed to create secret", func(f *pflag.FlagSet) func(*call, string) (any, error) {
		cert := f.String("cert", "", "Path to PEM encoded public key certificate.")
		key := f.String("key", "", "Path to private key associated with given certificate.")
		return func(c *call, name string) (any, error) {
			secret := newSecret(c, name, corev1.SecretTypeTLS)
			for _, part := range []struct{ field, file string }{{corev1.TLSCertKey, *cert}, {corev1.TLSPrivateKeyKey, *key}} {
				data, err := c.session.read(part.file)
				if err != nil {
					return nil, fmt.Errorf("open %s: no such file or directory", part.file)
				}
				secret.Data[part.field] = data
			}
			return secret, nil
		}
	})
}

func createRegistrySecret() *Command {
	return simpleCreate(Command{
		Name: "docker-registry", Short: "Create a secret for use with a Docker registry",
		Usage:    "NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] [--dry-run=server|client|none]",
		Examples: "# A secret to pull images with\nkubectl create secret docker-registry my-secret --docker-server=DOCKER_REGISTRY_SERVER --docker-username=DOCKER_USER --docker-password=DOCKER_PASSWORD --docker-email=DOCKER_EMAIL",
	}, "/api/v1/{ns}secrets", "failed to create secret", func(f *pflag.FlagSet) func(*call, string) (any, error) {
		server := f.String("docker-server", "https://index.docker.io/v1/", "Server location for Docker registry")
		user := f.String("docker-username", "", "Username for Docker registry authentication")
		password := f.String("docker-password", "", "Password for Docker registry authentication")
		email := f.String("docker-email", "", "Email for Docker registry")
		return func(c *call, name string) (any, error) {
			if *user == "" || *password == "" {
				return nil, errors.New("either --from-file or the combination of --docker-username, --docker-password and --docker-server is required")
			}
			type login struct {
				Username string `json:"username,omitempty"`
				Password string `json:"password,omitempty"`
				Email    string `json:"email,omitempty"`
				Auth     string `json:"auth,omitempty"`
			}
			data, err := json.Marshal(map[string]map[string]login{"auths": {*server: {
				*user, *password, *email, base64.StdEncoding.EncodeToString([]byte(*user + ":" + *password)),
			}}})
			secret := newSecret(c, name, corev1.SecretTypeDockerConfigJson)
			secret.Data[corev1.DockerConfigJsonKey] = data
			return secret, err
		}
	})
}
