package kubectl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type runtimeObject = runtime.Object

func (s *Session) read(name string) ([]byte, error) {
	if s.env.Files == nil {
		return nil, fmt.Errorf("the path %q does not exist", name)
	}
	return s.env.Files.Read(strings.TrimPrefix(name, "./"))
}

func (s *Session) write(name string, data []byte, appendTo bool) error {
	if s.env.Files == nil {
		return errors.New("Read-only file system")
	}
	name = strings.TrimPrefix(name, "./")
	if appendTo {
		if old, err := s.env.Files.Read(name); err == nil {
			data = append(append([]byte{}, old...), data...)
		}
	}
	return s.env.Files.Write(name, data)
}

// file is the text behind -f NAME, and what to call it in errors.
func (c *call) file(name string) (text []byte, source string, err error) {
	if name == "-" {
		if !c.hasStdin {
			return nil, "", errors.New("no input: give -f - a here-document (<<EOF) or a file (< FILE)")
		}
		return c.stdin, "STDIN", nil
	}
	if strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://") {
		return nil, "", fmt.Errorf("unable to read URL %q: this console has no network beyond its cluster", name)
	}
	text, err = c.session.read(name)
	if err != nil {
		return nil, "", fmt.Errorf("the path %q does not exist", name)
	}
	return text, name, nil
}

// fileTargets are the objects that the files hold.
func (q *query) fileTargets(args []string) ([]target, error) {
	switch {
	case hasSlash(args):
		return nil, errors.New("resource/name arguments cannot be provided when a path is specified")
	case len(args) > 1:
		return nil, errors.New("name cannot be provided when a path is specified")
	case len(args) == 1:
		return nil, errors.New("when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well")
	}
	var list []target
	var errs []error
	for _, name := range q.files {
		text, source, err := q.c.file(name)
		if err != nil {
			return nil, err
		}
		objects, err := documents(text, source, q.validate)
		for _, obj := range objects {
			i, err := q.fileInfo(obj, source)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if i != nil {
				list = append(list, target{i, false})
			}
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	q.single = len(list) == 1 && q.files[0] != "-"
	if len(errs) > 0 {
		return q.broken(list, errs)
	}
	return list, nil
}

// broken are files with mistakes: what is whole is still worked on, and the
// mistakes come as errors of visits of their own.
func (q *query) broken(list []target, errs []error) ([]target, error) {
	if len(list) == 0 || q.stopEarly {
		return nil, aggregate(errs)
	}
	q.mistakes = errs
	return list, nil
}

// fileInfo places an object from a file: its resource and its namespace.
func (q *query) fileInfo(obj *object, source string) (*info, error) {
	gvk := obj.GroupVersionKind()
	m, err := q.c.mappingOf(gvk)
	if err != nil {
		return nil, fmt.Errorf("resource mapping not found for name: %q namespace: %q from %q: %w\nensure CRDs are installed first",
			obj.GetName(), obj.GetNamespace(), source, err)
	}
	if q.labels != nil {
		selector, err := labels.Parse(*q.labels)
		if err != nil {
			return nil, fmt.Errorf("the provided selector %q is not valid: %v", *q.labels, err)
		}
		if !selector.Matches(labels.Set(obj.GetLabels())) {
			return nil, nil
		}
	}
	i := &info{mapping: m, name: obj.GetName(), namespace: obj.GetNamespace(), obj: obj, source: source}
	if !m.Namespaced {
		i.namespace = ""
		return i, nil
	}
	if i.namespace == "" {
		i.namespace = q.namespace
		obj.SetNamespace(q.namespace)
	}
	if q.explicit && i.namespace != q.namespace {
		return nil, fmt.Errorf("the namespace from the provided object %q does not match the namespace %q. You must pass '--namespace=%s' to perform this operation.", i.namespace, q.namespace, i.namespace)
	}
	return i, nil
}

// documents are the objects of a YAML or JSON text, lists taken apart.
func documents(text []byte, source string, validate bool) ([]*object, error) {
	var list []*object
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		doc, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		objects, err := document(doc, source, validate)
		if err != nil {
			return list, err
		}
		list = append(list, objects...)
	}
}

func document(doc []byte, source string, validate bool) ([]*object, error) {
	data, err := yaml.YAMLToJSON(doc)
	if err != nil {
		return nil, fmt.Errorf("error parsing %s: %s", source, strings.Replace(err.Error(), "yaml: ", "error converting YAML to JSON: yaml: ", 1))
	}
	data = bytes.TrimSpace(data)
	if len(data) == 0 || bytes.Equal(data, []byte("null")) {
		return nil, nil
	}
	obj, err := decode(data)
	if err != nil {
		return nil, undecodable(source, "json: cannot unmarshal string into Go value of type unstructured.detector", "invalid object to validate", validate)
	}
	kind, _ := obj.Object["kind"].(string)
	version, _ := obj.Object["apiVersion"].(string)
	var missing []string
	if version == "" {
		missing = append(missing, "apiVersion not set")
	}
	if kind == "" {
		missing = append(missing, "kind not set")
	}
	if len(missing) == 1 {
		return nil, undecodable(source, fmt.Sprintf("Object '%s' is missing in '%s'", map[bool]string{true: "Kind", false: "apiVersion"}[kind == ""], data), missing[0], validate)
	}
	if len(missing) == 2 {
		return nil, undecodable(source, fmt.Sprintf("Object 'Kind' is missing in '%s'", data), "["+strings.Join(missing, ", ")+"]", validate)
	}
	if err := wellFormedMeta(data, source); err != nil {
		return nil, err
	}
	if !obj.IsList() {
		return []*object{obj}, nil
	}
	var list []*object
	err = obj.EachListItem(func(item runtime.Object) error {
		list = append(list, item.(*object))
		return nil
	})
	return list, err
}

// undecodable is the error for a document that is no object: in the words of
// validation for the commands that validate what they send.
func undecodable(source, plain, validation string, validate bool) error {
	if !validate {
		return fmt.Errorf("unable to decode %q: %s", source, plain)
	}
	return fmt.Errorf("error validating %q: error validating data: %s; if you choose to ignore these errors, turn validation off with --validate=false", source, validation)
}

// wellFormedMeta decodes the metadata as what it must be.
func wellFormedMeta(data []byte, source string) error {
	var only struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
	}
	if err := utiljson.Unmarshal(data, &only); err != nil {
		return fmt.Errorf("unable to decode %q: %v", source, err)
	}
	return nil
}
