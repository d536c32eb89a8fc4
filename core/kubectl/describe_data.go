package kubectl

import (
	"strings"
	"time"
	"unicode"

	corev1 "k8s.io/api/core/v1"
)

const rfc1123 = time.RFC1123Z

func (d *describer) configMap() error {
	var o corev1.ConfigMap
	if err := d.read(&o); err != nil {
		return err
	}
	d.headIn(&o.ObjectMeta)
	d.line(0, "\nData\n====")
	for _, k := range sortedKeys(o.Data) {
		d.line(0, "%s:\n----\n%s\n", k, o.Data[k])
	}
	d.line(0, "\nBinaryData\n====")
	for _, k := range sortedKeys(o.BinaryData) {
		d.line(0, "%s: %d bytes", k, len(o.BinaryData[k]))
	}
	d.line(0, "")
	d.writeEvents("ConfigMap", string(o.UID))
	return nil
}

func (d *describer) secret() error {
	var o corev1.Secret
	if err := d.read(&o); err != nil {
		return err
	}
	d.headIn(&o.ObjectMeta)
	d.line(0, "\nType:\t%s", o.Type)
	d.line(0, "\nData\n====")
	for _, k := range sortedKeys(o.Data) {
		if k == corev1.ServiceAccountTokenKey && o.Type == corev1.SecretTypeServiceAccountToken {
			d.line(0, "%s:\t%s", k, o.Data[k])
			continue
		}
		d.line(0, "%s:\t%d bytes", k, len(o.Data[k]))
	}
	return nil
}

func (d *describer) serviceAccount() error {
	var o corev1.ServiceAccount
	if err := d.read(&o); err != nil {
		return err
	}
	d.headIn(&o.ObjectMeta)
	header := "Image pull secrets:"
	if len(o.ImagePullSecrets) == 0 {
		d.line(0, "%s\t<none>", header)
	}
	for _, s := range o.ImagePullSecrets {
		d.line(0, "%s\t%s", header, s.Name)
		header = strings.Repeat(" ", len(header))
	}
	d.writeEvents("ServiceAccount", string(o.UID))
	return nil
}

// generic describes a kind that has no describer of its own, field by field.
func (d *describer) generic() error {
	obj, err := d.c.get(d.info.path(), nil)
	if err != nil {
		return err
	}
	d.line(0, "Name:\t%s", obj.GetName())
	d.line(0, "Namespace:\t%s", obj.GetNamespace())
	d.labels("Labels", obj.GetLabels())
	d.annotations("Annotations", obj.GetAnnotations())
	d.fields(0, obj.Object, "")
	d.writeEvents(obj.GetKind(), string(obj.GetUID()))
	return nil
}

var saidAlready = map[string]bool{
	".metadata.managedFields": true, ".metadata.name": true, ".metadata.namespace": true,
	".metadata.labels": true, ".metadata.annotations": true,
}

func (d *describer) fields(level int, content map[string]any, path string) {
	for _, name := range sortedKeys(content) {
		at := path + "." + name
		if saidAlready[at] {
			continue
		}
		switch v := content[name].(type) {
		case map[string]any:
			d.line(level, "%s:", spaced(name))
			d.fields(level+1, v, at)
		case []any:
			d.line(level, "%s:", spaced(name))
			for _, e := range v {
				if m, ok := e.(map[string]any); ok {
					d.fields(level+1, m, at)
				} else {
					d.line(level+1, "%v", e)
				}
			}
		default:
			d.line(level, "%s:\t%v", spaced(name), v)
		}
	}
}

// spaced is a field's name as words: resourceVersion becomes Resource Version,
// podCIDR Pod CIDR, uid UID.
func spaced(name string) string {
	for _, r := range name {
		if !unicode.IsLetter(r) && r != '-' {
			return name
		}
	}
	var words []string
	runes := []rune(name)
	start := 0
	for i := 1; i <= len(runes); i++ {
		if i == len(runes) || wordBegins(runes, i) {
			words = append(words, titled(string(runes[start:i])))
			start = i
		}
	}
	return strings.Join(words, " ")
}

func wordBegins(r []rune, i int) bool {
	if !unicode.IsUpper(r[i]) {
		return false
	}
	return !unicode.IsUpper(r[i-1]) || i+1 < len(r) && unicode.IsLower(r[i+1])
}

func titled(word string) string {
	switch upper := strings.ToUpper(word); upper {
	case "API", "URL", "UID", "GUID":
		return upper
	}
	if strings.ToLower(word) == word && word != "" {
		return strings.ToUpper(word[:1]) + word[1:]
	}
	return word
}
