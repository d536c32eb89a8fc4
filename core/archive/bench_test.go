package archive_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tabernetes/tabernetes/core/archive"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
)

// BenchmarkArchive is 10,000 pods with 20,000 revisions, out and in.
func BenchmarkArchive(b *testing.B) {
	s := open(b, memory.New())
	for i := range 20_000 {
		value := bytes.Repeat(fmt.Appendf(nil, "pod %d at %d;", i%10_000, i), 50)
		if _, err := s.Put(fmt.Sprintf("/registry/pods/default/web-7887448d46-%05d", i%10_000), value, store.Origin{Actor: "kubelet/node-1"}); err != nil {
			b.Fatal(err)
		}
	}
	data := export(b, s)
	b.Run("export", func(b *testing.B) {
		for b.Loop() {
			export(b, s)
		}
		b.ReportMetric(float64(len(data)), "file-bytes")
	})
	b.Run("import", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := archive.Import(bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
