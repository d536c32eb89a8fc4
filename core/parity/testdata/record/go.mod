// A module of its own: it starts processes, which nothing in the main one does.
module github.com/tabernetes/tabernetes/core/parity/testdata/record

go 1.26.0

require github.com/tabernetes/tabernetes v0.0.0

replace github.com/tabernetes/tabernetes => ../../../..
