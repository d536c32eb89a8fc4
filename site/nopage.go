//go:build !page

// Package site carries the built page (site/dist) into the command, where that
// is built with the tag "page", as make build does after it has built the
// page. Without the tag it is empty, so that the Go code builds without Node.
package site

import "io/fs"

// Files is the built page; nil where it was left out.
func Files() fs.FS { return nil }
