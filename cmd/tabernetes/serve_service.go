package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tabernetes/tabernetes/core/apiserver"
	"github.com/tabernetes/tabernetes/core/apiserver/edge"
	"github.com/tabernetes/tabernetes/core/cluster"
	"github.com/tabernetes/tabernetes/wasm/driver"
)

// service is a cluster with its listeners.
type service struct {
	opts    *serving
	cluster *cluster.Cluster
	driver  *driver.Driver
	loop    *edge.Loop
	secrets secrets
	page    *edge.Page

	api, site   net.Listener
	apiServer   *http.Server
	siteServer  *http.Server
	connections atomic.Int64
	context     context.Context // ends when the listeners' requests must
	cancel      context.CancelFunc
}

// newService makes the cluster and what answers for it; nothing listens or
// moves yet.
func newService(o *serving, as identity, files fs.FS) (*service, error) {
	s := &service{opts: o}
	s.context, s.cancel = context.WithCancel(context.Background())
	var err error
	if s.secrets, err = readSecrets(o.where.data, names(o.addr)); err != nil {
		return nil, err
	}
	s.driver = driver.New(driver.Options{Now: time.Now, Send: func(tab int, event any) { s.page.Send(tab, event) }})
	nodes := as.Nodes
	if nodes == 0 {
		nodes = -1
	}
	s.cluster, err = s.driver.Serve(cluster.Options{
		Seed: as.Seed, Nodes: nodes, Log: o.where.log, Retain: int(o.where.kept()), Start: time.Now().UTC(), Tokens: s.secrets.signer, Roles: apiserver.SystemRoles(),
	}, o.speed, o.factor)
	if err != nil {
		return nil, err
	}
	s.loop = edge.NewLoop(world{s.driver, s.cluster})
	quiet := log.New(io.Discard, "", 0) // what clients do wrong is theirs to hear
	s.apiServer = s.server(edge.New(edge.Options{
		Loop: s.loop, API: s.cluster.Server(), Token: s.secrets.token, Tokens: s.secrets.signer, Hosts: names(o.addr),
	}), quiet)
	s.apiServer.TLSConfig = &tls.Config{
		Certificates: []tls.Certificate{s.secrets.pair}, MinVersion: tls.VersionTLS12,
		DynamicRecordSizingDisabled: true, // small records are for slow lines, and each is a packet
	}
	if files == nil {
		return s, nil
	}
	if s.page, err = edge.NewPage(s.loop, files, s.secrets.pageToken, names(o.pageAddr)); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.page.Tabs = s.driver
	s.siteServer = s.server(s.page, quiet)
	return s, nil
}

// Bounds of connections.
const (
	maxConnections = 1000
	maxHeader      = 64 << 10
)

func (s *service) server(handler http.Handler, quiet *log.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ErrorLog: quiet,
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return s.context },
		ConnState:   s.count,
	}
}

// count closes the connections that are too many.
func (s *service) count(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if s.connections.Add(1) > maxConnections {
			conn.Close()
		}
	case http.StateClosed, http.StateHijacked:
		s.connections.Add(-1)
	}
}

// world is what the loop owns.
type world struct {
	*driver.Driver
	c *cluster.Cluster
}

func (w world) Flush()                   { w.c.Flush() }
func (w world) OnDurable(fn func(error)) { w.c.OnDurable(fn) }

// listen opens the addresses and writes the kubeconfig.
func (s *service) listen() (err error) {
	if s.api, err = net.Listen("tcp", s.opts.addr); err != nil {
		return fmt.Errorf("--addr %s: %w", s.opts.addr, err)
	}
	if s.page != nil {
		if s.site, err = net.Listen("tcp", s.opts.pageAddr); err != nil {
			return fmt.Errorf("--page-addr %s: %w", s.opts.pageAddr, err)
		}
	}
	text, err := edge.Kubeconfig("https://"+reachable(s.opts.addr, s.api), s.secrets.certificate, s.secrets.token)
	if err != nil {
		return err
	}
	return replace(s.opts.kubeconfig, text)
}

// reachable is how a client on this machine speaks to a listener.
func reachable(asked string, l net.Listener) string {
	host, _, _ := net.SplitHostPort(asked)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// ready waits until the components have started.
func (s *service) ready(ctx context.Context) error {
	for {
		ready, failed := false, error(nil)
		if err := s.loop.Do(ctx, func() { ready, failed = s.driver.Ready(), s.cluster.Err() }); err != nil {
			return err
		}
		if ready || failed != nil {
			return failed
		}
		time.Sleep(time.Millisecond)
	}
}

// greet says where everything is.
func (s *service) greet(out, errw io.Writer) {
	kept := "in memory only (--data DIR keeps it)"
	if s.opts.where.data != "" {
		kept = "kept in " + s.opts.where.data
	}
	fmt.Fprintf(out, "Kubernetes API:  https://%s  (%s)\n", reachable(s.opts.addr, s.api), apiserver.DefaultVersion().GitVersion)
	fmt.Fprintf(out, "Cluster:         %s\n", kept)
	path, err := filepath.Abs(s.opts.kubeconfig)
	if err != nil {
		path = s.opts.kubeconfig
	}
	fmt.Fprintf(out, "For kubectl:     export KUBECONFIG=%s\n", path)
	switch {
	case s.page != nil:
		fmt.Fprintf(out, "The page:        http://%s/#token=%s\n", reachable(s.opts.pageAddr, s.site), s.secrets.pageToken)
	default:
		fmt.Fprintf(out, "The page:        not built in (make build does that, --page DIR names one)\n")
	}
	fmt.Fprintln(out, "Ctrl-C ends it.")
	for _, l := range []net.Listener{s.api, s.site} {
		if l != nil && !loopback(l.Addr()) {
			fmt.Fprintf(errw, "warning: %s can be reached from other machines; whoever has the token rules this cluster\n", l.Addr())
		}
	}
}

// bookmarkEvery is how often watches that want bookmarks get one.
const bookmarkEvery = time.Minute

// serve answers requests until ctx ends or a listener fails.
func (s *service) serve(ctx context.Context) error {
	failed := make(chan error, 2)
	go func() { failed <- s.apiServer.ServeTLS(s.api, "", "") }()
	if s.page != nil {
		go func() { failed <- s.siteServer.Serve(s.site) }()
	}
	tick := time.NewTicker(bookmarkEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-tick.C:
			if err := s.loop.Post(s.cluster.Server().Bookmark); err != nil {
				return err
			}
		}
	}
}

// end lets requests finish, ends watches and closes the listeners.
func (s *service) end() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stop := context.AfterFunc(ctx, s.cancel)
	defer stop()
	s.cancel() // watches and the page's lines never finish by themselves
	for _, server := range []*http.Server{s.apiServer, s.siteServer} {
		if server != nil && server.Shutdown(ctx) != nil {
			server.Close()
		}
	}
}

// close ends a service that never ran.
func (s *service) close() error {
	for _, l := range []net.Listener{s.api, s.site} {
		if l != nil {
			l.Close()
		}
	}
	return s.cluster.Close()
}

// secrets are what clients and server know each other by.
type secrets struct {
	certificate      []byte // PEM
	pair             tls.Certificate
	token, pageToken string
	signer           *edge.Signer // of service accounts' tokens
}

// Files of secrets in a data folder.
const (
	dataCertificate = "serve.crt"
	dataKey         = "serve.key"
	dataToken       = "serve.token"
	dataPageToken   = "page.token"
	dataSigner      = "accounts.key"
)

// readSecrets reads them from the data folder, and makes what isn't there or
// does not hold any more.
func readSecrets(dir string, names []string) (s secrets, err error) {
	if s.token, err = secretIn(dir, dataToken); err != nil {
		return s, err
	}
	if s.pageToken, err = secretIn(dir, dataPageToken); err != nil {
		return s, err
	}
	if s.signer, err = signerIn(dir); err != nil {
		return s, err
	}
	now := time.Now()
	if dir != "" {
		certificate, err1 := os.ReadFile(filepath.Join(dir, dataCertificate))
		key, err2 := os.ReadFile(filepath.Join(dir, dataKey))
		if errors.Join(err1, err2) == nil {
			if s.pair, err = edge.ReadCertificate(certificate, key, now, names...); err == nil {
				s.certificate = certificate
				return s, nil
			}
		}
	}
	certificate, key, err := edge.NewCertificate(now, names...)
	if err != nil {
		return s, err
	}
	if dir != "" {
		err = errors.Join(replace(filepath.Join(dir, dataKey), key), replace(filepath.Join(dir, dataCertificate), certificate))
	}
	if err != nil {
		return s, err
	}
	s.certificate = certificate
	s.pair, err = edge.ReadCertificate(certificate, key, now, names...)
	return s, err
}

// signerIn reads the key that service accounts' tokens are signed with, or makes one.
func signerIn(dir string) (*edge.Signer, error) {
	path := filepath.Join(dir, dataSigner)
	if dir != "" {
		switch key, err := os.ReadFile(path); {
		case err == nil:
			if s, err := edge.ReadSigner(key); err == nil {
				return s, nil
			}
		case !errors.Is(err, os.ErrNotExist):
			return nil, err
		}
	}
	s, key, err := edge.NewSigner()
	if err != nil || dir == "" {
		return s, err
	}
	return s, replace(path, key)
}

// secretIn reads a random word from a folder, or makes one.
func secretIn(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	if dir != "" {
		switch text, err := os.ReadFile(path); {
		case err == nil && len(strings.TrimSpace(string(text))) >= 32:
			return strings.TrimSpace(string(text)), nil
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return "", err
		}
	}
	var dice [32]byte
	if _, err := rand.Read(dice[:]); err != nil {
		return "", err
	}
	word := hex.EncodeToString(dice[:])
	if dir == "" {
		return word, nil
	}
	return word, replace(path, []byte(word+"\n"))
}
