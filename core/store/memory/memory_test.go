package memory_test

import (
	"testing"

	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/memory"
	"github.com/tabernetes/tabernetes/core/store/storetest"
)

type medium struct{ log *memory.Log }

func (m medium) Open() (store.Log, error) { return m.log, nil }
func (m medium) Settle(func() bool)       {}

func TestLog(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Medium { return medium{memory.New()} })
}
