package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/site"
	"github.com/tabernetes/tabernetes/wasm/driver"
)

// serving are the flags of `tabernetes serve`.
type serving struct {
	addr, pageAddr   string
	kubeconfig, page string
	nodes            int
	seed             uint64
	speed            driver.Speed
	factor           float64
	where            place
	nodesGiven       bool
	seedGiven        bool
}

// serve is `tabernetes serve`: the cluster as a Kubernetes API for real
// clients, and the page beside it, until it is interrupted.
func serve(args []string, out, errw io.Writer) error {
	o, err := serveFlags(args, out)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return o.run(ctx, out, errw)
}

func serveFlags(args []string, out io.Writer) (*serving, error) {
	o := &serving{}
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.SetOutput(out)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:6443", "where the API listens")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "write the kubeconfig for clients to this file (default: kubeconfig in the --data folder, else tabernetes.kubeconfig here)")
	flags.StringVar(&o.where.data, "data", "", "keep the cluster, its certificate and its tokens in this folder, and go on with what is there")
	o.where.retainFlag(flags)
	flags.IntVar(&o.nodes, "nodes", cluster.DefaultNodes, "how many nodes the cluster has")
	speed := flags.String("speed", "1x", "how fast the world goes: 1x, 10x, 0.5x, …; max: work as fast as can be; watch, slow: step by step, for people")
	flags.Uint64Var(&o.seed, "seed", 1, "what all chance follows from")
	flags.StringVar(&o.page, "page", "", "serve the built page in this folder (default: the one built in, if any)")
	flags.StringVar(&o.pageAddr, "page-addr", "127.0.0.1:6480", "where the page listens")
	if err := flags.Parse(args); err != nil {
		if err == pflag.ErrHelp {
			return nil, err
		}
		return nil, usageError{err}
	}
	o.nodesGiven, o.seedGiven = flags.Changed("nodes"), flags.Changed("seed")
	if flags.NArg() > 0 {
		return nil, usageError{fmt.Errorf("serve takes no arguments, got %q", flags.Arg(0))}
	}
	if o.nodes < 0 || o.nodes > cluster.MaxNodes {
		return nil, usageError{fmt.Errorf("--nodes: %d is not between 0 and %d", o.nodes, cluster.MaxNodes)}
	}
	err := o.where.check()
	if err != nil {
		return nil, usageError{err}
	}
	if o.speed, o.factor, err = parseSpeed(*speed); err != nil {
		return nil, usageError{err}
	}
	if o.kubeconfig == "" {
		o.kubeconfig = "tabernetes.kubeconfig"
		if o.where.data != "" {
			o.kubeconfig = filepath.Join(o.where.data, "kubeconfig")
		}
	}
	return o, nil
}

// parseSpeed reads --speed.
func parseSpeed(text string) (driver.Speed, float64, error) {
	switch text {
	case "max":
		return driver.Once, 0, nil
	case "watch":
		return driver.Watch, 0, nil
	case "slow":
		return driver.Slow, 0, nil
	}
	number, ok := strings.CutSuffix(text, "x")
	factor, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(factor >= 0.01 && factor <= 1000) {
		return "", 0, fmt.Errorf("--speed: %q is none of 1x (0.01x to 1000x), max, watch and slow", text)
	}
	return driver.Real, factor, nil
}

// site is the page's files; nil where there are none.
func (o *serving) site() (fs.FS, error) {
	if o.page == "" {
		return site.Files(), nil
	}
	if _, err := os.Stat(filepath.Join(o.page, "index.html")); err != nil {
		return nil, fmt.Errorf("--page %s is not a built page (make site makes site/dist): %w", o.page, err)
	}
	return os.DirFS(o.page), nil
}

// loopback tells whether only this machine can reach an address.
func loopback(addr net.Addr) bool {
	at, err := netip.ParseAddrPort(addr.String())
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// name is the host part of --addr and --page-addr, where it is a name.
func names(addrs ...string) (out []string) {
	for _, addr := range addrs {
		if host, _, err := net.SplitHostPort(addr); err == nil && host != "" {
			out = append(out, strings.ToLower(host))
		}
	}
	return out
}

// run serves until ctx ends.
func (o *serving) run(ctx context.Context, out, errw io.Writer) (err error) {
	files, err := o.site()
	if err != nil {
		return err
	}
	if err := o.where.open(); err != nil {
		return err
	}
	behind := o.where.behind()
	as := identity{Seed: o.seed, Nodes: o.nodes}
	if o.where.had && !o.seedGiven {
		as.Seed = o.where.told.Seed
	}
	if o.where.had && !o.nodesGiven {
		as.Nodes = o.where.told.Nodes
	}
	s, err := newService(o, as, files)
	if err != nil {
		return err
	}
	if err := o.where.started(as); err != nil {
		return errors.Join(err, s.close())
	}
	if err := s.listen(); err != nil {
		return errors.Join(err, s.close())
	}
	world, stop := context.WithCancel(context.Background())
	defer stop()
	behind.Begin(func(fn func()) { _ = s.loop.Post(fn) }) // what a loop that ends is not told, End tells
	go s.loop.Run(world)
	if err := s.ready(ctx); err == nil {
		s.greet(out, errw)
		err = s.serve(ctx)
	}
	s.end()
	stop()
	<-s.loop.Ended()
	behind.End()
	return errors.Join(err, o.where.leave(s.cluster))
}

// patience is how long requests may go on after the end was asked for.
const patience = 5 * time.Second
