package kubelet

import "time"

// kind is what an image's own command does.
type kind uint8

const (
	server kind = iota // runs until it is stopped
	once               // does its work and ends well
	shell              // a shell without a terminal: ends at once
)

// entry is what is known of an image: compressed size in bytes, what it does.
type entry struct {
	size   int64
	kind   kind
	newest string        // the highest version tag there is, "" when any is
	stop   time.Duration // how long it takes to stop when asked to
	binary string        // the program it runs
	needs  string        // an environment variable without which it ends with 1
	lines  []string      // what it prints when it starts

	tools   string               // of wget, curl, nslookup those that it has; "" for all
	serves  []service            // what it answers; of the catalogue's own: ports
	modes   map[string][]service // the same, by the first argument
	repeats []string             // what it prints every so often
	every   time.Duration        // how often that is
	// ends says that it ends by itself after lasts, with exit and message.
	ends    bool
	lasts   time.Duration
	exit    int32
	message string
	// memory is used from the start, in bytes, grows more every second, up to
	// memoryMost (0: without end).
	memory, grows, memoryMost int64
	authored                  bool // by a lesson
}

// on is what a web server answers: its front page, and 404 for all else.
func on(port int32) []service {
	return []service{{port: port, path: "/", status: 200}, {port: port, status: 404}}
}

// open is a port on which something listens that isn't HTTP.
func open(port int32) []service { return []service{{port: port, status: 400}} }

const ms = time.Millisecond

// catalogue lists images by the path after their registry; names without a
// registry are Docker Hub's. Sizes are those of amd64 images, rounded.
var catalogue = map[string]entry{
	"library/nginx": {tools: "curl", size: 72_300_000, serves: on(80), newest: "1.29", stop: 50 * ms, binary: "nginx", lines: []string{
		"/docker-entrypoint.sh: Configuration complete; ready for start up",
		"{nginx} [notice] 1#1: using the \"epoll\" event method",
		"{nginx} [notice] 1#1: nginx/{version}",
		"{nginx} [notice] 1#1: start worker processes",
	}},
	"library/httpd": {tools: "none", size: 58_700_000, serves: on(80), newest: "2.4", stop: 60 * ms, binary: "httpd-foreground", lines: []string{
		"[{apache}] [mpm_event:notice] [pid 1:tid 1] AH00489: Apache/{version} (Unix) configured -- resuming normal operations",
		"[{apache}] [core:notice] [pid 1:tid 1] AH00094: Command line: 'httpd -D FOREGROUND'",
	}},
	"library/redis": {tools: "none", size: 52_600_000, serves: open(6379), newest: "8.4", stop: 40 * ms, binary: "redis-server", lines: []string{
		"1:M {redis} * Redis version={version}, bits=64, pid=1, just started",
		"1:M {redis} * Ready to accept connections tcp",
	}},
	"library/memcached":     {tools: "none", size: 31_300_000, serves: open(11211), newest: "1.6", stop: 20 * ms, binary: "memcached"},
	"library/postgres":      {tools: "none", size: 162_000_000, serves: open(5432), newest: "18.1", stop: 150 * ms, binary: "postgres", needs: "POSTGRES_PASSWORD", lines: []string{"{iso} [1] LOG:  database system is ready to accept connections"}},
	"library/mysql":         {tools: "none", size: 262_000_000, serves: open(3306), newest: "9.5", stop: 900 * ms, binary: "mysqld", needs: "MYSQL_ROOT_PASSWORD", lines: []string{"{iso} 0 [System] [MY-010931] [Server] mysqld: ready for connections. Version: '{version}'"}},
	"library/mariadb":       {tools: "none", size: 118_000_000, serves: open(3306), newest: "12.1", stop: 700 * ms, binary: "mariadbd", needs: "MARIADB_ROOT_PASSWORD", lines: []string{"{iso} 0 [Note] mariadbd: ready for connections."}},
	"library/mongo":         {tools: "none", size: 313_000_000, serves: open(27017), newest: "8.2", stop: 600 * ms, binary: "mongod", lines: []string{"{\"t\":\"{iso}\",\"s\":\"I\",\"msg\":\"Waiting for connections\",\"attr\":{\"port\":27017}}"}},
	"library/rabbitmq":      {size: 108_000_000, serves: open(5672), newest: "4.2", stop: 1000 * ms, binary: "rabbitmq-server", lines: []string{"{iso} [info] <0.9.0> Server startup complete"}},
	"library/wordpress":     {size: 246_000_000, serves: on(80), newest: "6.8", stop: 80 * ms, binary: "apache2-foreground"},
	"library/tomcat":        {size: 182_000_000, serves: on(8080), newest: "11.0", stop: 400 * ms, binary: "catalina.sh", lines: []string{"{tomcat} INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [612] milliseconds"}},
	"library/traefik":       {size: 48_000_000, serves: on(80), newest: "3.6", stop: 100 * ms, binary: "traefik"},
	"library/haproxy":       {size: 43_000_000, newest: "3.3", stop: 50 * ms, binary: "haproxy"},
	"library/caddy":         {size: 20_400_000, serves: on(80), newest: "2.10", stop: 60 * ms, binary: "caddy"},
	"library/registry":      {size: 17_600_000, serves: on(5000), newest: "3.0", stop: 50 * ms, binary: "registry"},
	"library/elasticsearch": {size: 660_000_000, serves: on(9200), newest: "9.2", stop: 1000 * ms, binary: "elasticsearch"},
	"library/busybox":       {tools: "wget nslookup", size: 2_220_000, newest: "1.37", kind: shell, binary: "sh"},
	"library/alpine":        {tools: "wget nslookup", size: 3_800_000, newest: "3.22", kind: shell, binary: "sh"},
	"library/ubuntu":        {tools: "none", size: 29_700_000, newest: "25.10", kind: shell, binary: "bash"},
	"library/debian":        {tools: "none", size: 49_300_000, newest: "13.2", kind: shell, binary: "bash"},
	"library/fedora":        {tools: "curl", size: 62_000_000, newest: "43", kind: shell, binary: "bash"},
	"library/python":        {tools: "wget curl", size: 403_000_000, newest: "3.14", kind: shell, binary: "python3"},
	"library/node":          {tools: "wget curl", size: 408_000_000, newest: "25.2", kind: shell, binary: "node"},
	"library/golang":        {tools: "wget curl", size: 312_000_000, newest: "1.26", kind: shell, binary: "bash"},
	"library/ruby":          {tools: "wget curl", size: 372_000_000, newest: "3.4", kind: shell, binary: "irb"},
	"library/perl":          {tools: "wget curl", size: 345_000_000, newest: "5.42", kind: shell, binary: "perl"},
	"library/hello-world": {size: 10_100, kind: once, binary: "hello", lines: []string{
		"", "Hello from Docker!", "This message shows that your installation appears to be working correctly.", "",
	}},
	"registry.k8s.io/pause": {size: 318_000, stop: 10 * ms, binary: "pause"},
	"registry.k8s.io/e2e-test-images/agnhost": {size: 51_000_000, modes: map[string][]service{
		"liveness": {{port: 8080, path: "/healthz", status: 200, until: 10 * time.Second}, {port: 8080, path: "/healthz", status: 500, from: 10 * time.Second}, {port: 8080, status: 404}},
		"netexec":  {{port: 8080, status: 200}}, "serve-hostname": {{port: 9376, status: 200}},
	}, stop: 50 * ms, binary: "agnhost", lines: []string{"Paused"}},
	"registry.k8s.io/e2e-test-images/busybox": {tools: "wget nslookup", size: 2_220_000, kind: shell, binary: "sh"},
	"registry.k8s.io/echoserver":              {size: 43_000_000, serves: []service{{port: 8080, status: 200}}, stop: 50 * ms, binary: "nginx"},
	"nginxinc/nginx-unprivileged":             {tools: "curl", size: 70_000_000, serves: on(8080), stop: 50 * ms, binary: "nginx"},
	"bitnami/nginx":                           {tools: "curl", size: 64_000_000, serves: on(8080), stop: 50 * ms, binary: "nginx"},
	"curlimages/curl":                         {size: 9_300_000, kind: once, binary: "curl"},
}

// noTags, noOwners and noNames are what a registry doesn't have, for lessons.
var (
	noTags   = []string{"404", "does-not-exist", "doesnotexist", "nosuchtag", "no-such-tag", "nonexistent", "notfound", "bad-tag", "broken"}
	noOwners = []string{"does-not-exist", "nonexistent", "nosuch", "no-such", "nosuchrepo", "nobody"}
	noNames  = []string{"does-not-exist", "doesnotexist", "nonexistent", "no-such-image", "nosuchimage", "bad-image", "notfound"}
)
