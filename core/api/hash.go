package api

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/dump"
)

// alphabet is what generated names and hashes are written in: no vowels and
// none of 0, 1, 3, so that no bad words form
// (k8s.io/apimachinery/pkg/util/rand).
const alphabet = "bcdfghjklmnpqrstvwxz2456789"

// The bounds of GenerateName in
// k8s.io/apiserver/pkg/storage/names.SimpleNameGenerator: room for the suffix
// in a name of 63.
const (
	suffixLength  = 5
	maxNameLength = 63
	maxBaseLength = maxNameLength - suffixLength
)

// NameSuffix returns five random letters, as in web-7887448d46-xxxxx.
func NameSuffix(r *rand.Rand) string {
	var b [suffixLength]byte
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b[:])
}

// GenerateName turns metadata.generateName into a name.
func GenerateName(base string, r *rand.Rand) string {
	if len(base) > maxBaseLength {
		base = base[:maxBaseLength]
	}
	return base + NameSuffix(r)
}

// ComputeHash is a pod template's pod-template-hash, as
// pkg/controller.ComputeHash computes it: the template printed field by field,
// then the collision count, through FNV-32a and into the alphabet of names.
// The same types at the same version give the real cluster's value:
// `kubectl create deployment web --image=nginx` gives 7887448d46.
func ComputeHash(template *corev1.PodTemplateSpec, collisionCount *int32) string {
	hasher := fnv.New32a()
	hasher.Write([]byte(dump.ForHash(*template)))
	if collisionCount != nil {
		var count [8]byte
		binary.LittleEndian.PutUint32(count[:], uint32(*collisionCount))
		hasher.Write(count[:])
	}
	return safeEncode(fmt.Sprint(hasher.Sum32()))
}

// safeEncode maps each byte into the alphabet: "0" (48) becomes alphabet[48%27].
func safeEncode(s string) string {
	out := make([]byte, len(s))
	for i, c := range []byte(s) {
		out[i] = alphabet[int(c)%len(alphabet)]
	}
	return string(out)
}

// HashRevision names what a StatefulSet's ControllerRevision keeps, as
// pkg/controller/history.HashControllerRevision does: through FNV-32, with the
// collision count in digits.
func HashRevision(data []byte, collisionCount int32) string {
	hasher := fnv.New32()
	hasher.Write(data)
	fmt.Fprint(hasher, collisionCount)
	return safeEncode(fmt.Sprint(hasher.Sum32()))
}
