package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/tabernetes/tabernetes/core/archive"
	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/core/store"
	"github.com/tabernetes/tabernetes/core/store/file"
)

// place is where a run's cluster comes from and where it goes.
type place struct {
	from, save, data string
	retain           int64 // asked for; 0: as it was

	log  store.Log
	told identity
	had  bool // there was a cluster, which told
}

// identity is what a cluster must be started with again.
type identity struct {
	Seed  uint64 `json:"seed"`
	Nodes int    `json:"nodes"`
	// Retain is how many revisions of history are kept; 0: as many as the page keeps.
	Retain int64 `json:"retain,omitempty"`
}

func (p *place) flags(flags *pflag.FlagSet) {
	flags.StringVar(&p.from, "from", "", "start from the cluster in this file, made by --save or by the page")
	flags.StringVar(&p.save, "save", "", "write the cluster to this file at the end")
	flags.StringVar(&p.data, "data", "", "keep the cluster in this folder, and go on with what is there")
	p.retainFlag(flags)
}

func (p *place) retainFlag(flags *pflag.FlagSet) {
	flags.Int64Var(&p.retain, "retain", 0, fmt.Sprintf("with --data: keep so many revisions of history at least, -1 for all (default: as before, or %d)", cluster.DefaultRetain))
}

// check refuses what cannot be meant.
func (p *place) check() error {
	switch {
	case p.retain < -1:
		return fmt.Errorf("--retain: %d is neither a number of revisions nor -1, which is all", p.retain)
	case p.retain != 0 && p.data == "":
		return errors.New("--retain says what --data keeps: there is no --data")
	}
	return nil
}

// kept is the policy for history.
func (p *place) kept() int64 { return cmp.Or(p.retain, p.told.Retain, cluster.DefaultRetain) }

// Files of a data folder.
const (
	dataLog      = "cluster.log"
	dataIdentity = "cluster.json"
)

// open finds the log to run on: in memory, where --data says, and filled with
// what --from says.
func (p *place) open() error {
	var imported store.Log
	if p.from != "" {
		f, err := os.Open(p.from)
		if err != nil {
			return err
		}
		defer f.Close()
		log, info, err := archive.Import(f)
		if err != nil {
			return fmt.Errorf("%s: %w", p.from, err)
		}
		imported, p.had, p.told = log, true, identity{Seed: info.Seed, Nodes: info.Nodes}
	}
	if p.data == "" {
		p.log = imported
		return nil
	}
	return p.openData(imported)
}

func (p *place) openData(imported store.Log) error {
	if err := os.MkdirAll(p.data, 0o700); err != nil {
		return err
	}
	path := filepath.Join(p.data, dataLog)
	log, err := file.Open(path, file.Options{Sync: true})
	if err != nil {
		return err
	}
	if imported != nil {
		var failed error
		err := archive.Restore(log, imported, func(err error) { failed = err })
		if err = errors.Join(err, failed, log.Close()); errors.Is(err, archive.ErrNotEmpty) {
			return fmt.Errorf("--from %s: %w, in --data %s; leave out --from or choose another folder", p.from, archive.ErrNotEmpty, p.data)
		} else if err != nil {
			return err
		}
		if log, err = file.Open(path, file.Options{Sync: true}); err != nil {
			return err
		}
	}
	p.log = log
	if p.had {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(p.data, dataIdentity))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, &p.told)
	}
	p.had = err == nil
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(p.data, dataIdentity), err)
	}
	return nil
}

// behind has the log, where there is one on disk, work while the world goes on.
func (p *place) behind() *file.Behind {
	log, ok := p.log.(*file.Log)
	if !ok {
		return file.NewBehind(nil) // which nobody gives anything to do
	}
	b := file.NewBehind(log)
	p.log = b
	return b
}

// started notes in the data folder what the cluster was started with.
func (p *place) started(as identity) error {
	if p.data == "" {
		return nil
	}
	as.Retain = cmp.Or(p.retain, p.told.Retain)
	text, err := json.Marshal(as)
	if err != nil {
		return err
	}
	return replace(filepath.Join(p.data, dataIdentity), append(text, '\n'))
}

// leave makes what the run did last: in the data folder, with as much history as
// is to be kept, and in the file to save.
func (p *place) leave(c *cluster.Cluster) error {
	if p.save != "" {
		var out bytes.Buffer
		if err := c.Export(&out, "tabernetes "+version(), ""); err != nil {
			return err
		}
		if err := replace(p.save, out.Bytes()); err != nil {
			return err
		}
	}
	if p.data == "" {
		return nil
	}
	if keep := p.kept(); keep >= 0 {
		if err := c.Forget(keep); err != nil {
			return fmt.Errorf("--data %s: %w", p.data, err)
		}
	}
	var failed error
	c.OnDurable(func(err error) { failed = err })
	c.Flush()
	if err := errors.Join(failed, c.Err()); err != nil {
		return fmt.Errorf("--data %s: not everything was written: %w", p.data, err)
	}
	return c.Close()
}

// replace writes a file so that it is the old one or the new one, whatever
// happens in between.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
