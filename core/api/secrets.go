package api

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// Secrets: pkg/registry/core/secret.

func secrets() *Resource {
	doc := corev1.Secret{}.SwaggerDoc()
	return typed[corev1.Secret, corev1.SecretList](&Resource{
		Version: "v1", Kind: "Secret", Plural: "secrets", Singular: "secret", Namespaced: true,
		Validate: check(validateSecret), ValidateUpdate: recheck(validateSecretUpdate),
		Default: on(func(s *corev1.Secret) {
			setIfEmpty(&s.Type, corev1.SecretTypeOpaque)
			foldStringData(s)
		}),
		Columns: []metav1.TableColumnDefinition{nameColumn, column("Type", doc["type"]), column("Data", doc["data"]), ageColumn},
		Row: row(func(s *corev1.Secret, now time.Time) []any {
			return []any{s.Name, string(s.Type), int64(len(s.Data)), age(s.CreationTimestamp, now)}
		}),
		Fields: labelled(func(s *corev1.Secret) fields.Set { return fields.Set{"type": string(s.Type)} }),
	})
}

// foldStringData takes what is given as text into the data, as upstream's
// conversion does; it is never stored.
func foldStringData(s *corev1.Secret) {
	for key, text := range s.StringData {
		if s.Data == nil {
			s.Data = map[string][]byte{}
		}
		s.Data[key] = []byte(text)
	}
	s.StringData = nil
}
