package kubectl

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

func createConfigMapCommand() *Command {
	return &Command{
		Name: "configmap", Aliases: []string{"cm"},
		Short: "Create a config map from a local file, directory or literal value",
		Usage: "NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
		Examples: `
			# With the values given here
			kubectl create configmap my-config --from-literal=key1=config1 --from-literal=key2=config2

			# With a file under its own name
			kubectl create configmap my-config --from-file=app.conf`,
		Setup: setupCreateConfigMap,
	}
}

type configMapOptions struct {
	sending
	files, literals, env []string
}

func setupCreateConfigMap(f *pflag.FlagSet) action {
	o := &configMapOptions{}
	o.sending.add(f, "kubectl-create")
	f.StringSliceVar(&o.files, "from-file", nil, "Key file can be specified using its file path, in which case file basename will be used as configmap key, or optionally with a key and file path, in which case the given key will be used.")
	f.StringArrayVar(&o.literals, "from-literal", nil, "Specify a key and literal value to insert in configmap (i.e. mykey=somevalue)")
	f.StringSliceVar(&o.env, "from-env-file", nil, "Specify the path to a file to read lines of key=val pairs to create a configmap.")
	return o.run
}

func (o *configMapOptions) run(c *call, args []string) error {
	name, err := c.oneName(args)
	if err != nil {
		return err
	}
	if len(o.env) > 0 && len(o.files)+len(o.literals) > 0 {
		return errors.New("from-env-file cannot be combined with from-file or from-literal")
	}
	cm := &corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}}
	cm.Name, cm.Namespace = name, c.givenNamespace()
	cm.Data, cm.BinaryData = map[string]string{}, map[string][]byte{}
	if err := o.fill(c, cm); err != nil {
		return err
	}
	ns, _ := c.namespace()
	return o.post(c, "/api/v1/namespaces/"+ns+"/configmaps", ns, cm, "failed to create configmap")
}

func (o *configMapOptions) fill(c *call, cm *corev1.ConfigMap) error {
	for _, source := range o.files {
		key, name, err := fileSource(source)
		if err != nil {
			return err
		}
		data, err := c.session.read(name)
		if err != nil {
			return fmt.Errorf("error reading %s: no such file or directory", name)
		}
		if err := addKey(cm, key, data); err != nil {
			return err
		}
	}
	for _, literal := range o.literals {
		key, value, found := strings.Cut(literal, "=")
		if !found || key == "" {
			return fmt.Errorf("invalid literal source %v, expected key=value", literal)
		}
		if err := addKey(cm, key, []byte(value)); err != nil {
			return err
		}
	}
	return o.fillEnv(c, cm)
}

func (o *configMapOptions) fillEnv(c *call, cm *corev1.ConfigMap) error {
	for _, name := range o.env {
		data, err := c.session.read(name)
		if err != nil {
			return fmt.Errorf("error reading %s: no such file or directory", name)
		}
		for _, line := range strings.Split(string(data), "\n") {
			line = strings.TrimLeft(line, " \t")
			if line == "" || line[0] == '#' {
				continue
			}
			key, value, _ := strings.Cut(strings.TrimRight(line, "\r"), "=")
			if err := addKey(cm, key, []byte(value)); err != nil {
				return err
			}
		}
	}
	return nil
}

// fileSource splits [key=]path.
func fileSource(source string) (key, name string, err error) {
	switch n := strings.Count(source, "="); {
	case n == 0:
		return path.Base(source), source, nil
	case n > 1:
		return "", "", errors.New("key names or file paths cannot contain '='")
	case strings.HasPrefix(source, "="):
		return "", "", fmt.Errorf("key name for file path %v missing", source[1:])
	case strings.HasSuffix(source, "="):
		return "", "", fmt.Errorf("file path for key name %v missing", strings.TrimSuffix(source, "="))
	}
	key, name, _ = strings.Cut(source, "=")
	return key, name, nil
}

func addKey(cm *corev1.ConfigMap, key string, data []byte) error {
	if errs := validation.IsConfigMapKey(key); len(errs) > 0 {
		return fmt.Errorf("%q is not a valid key name for a ConfigMap: %s", key, strings.Join(errs, ","))
	}
	if _, exists := cm.Data[key]; exists {
		return fmt.Errorf("cannot add key %q, another key by that name already exists in Data for ConfigMap %q", key, cm.Name)
	}
	if _, exists := cm.BinaryData[key]; exists {
		return fmt.Errorf("cannot add key %q, another key by that name already exists in BinaryData for ConfigMap %q", key, cm.Name)
	}
	if utf8.Valid(data) {
		cm.Data[key] = string(data)
	} else {
		cm.BinaryData[key] = data
	}
	return nil
}
