// A module of its own: it starts processes, which nothing in the main one does.
module github.com/tabernetes/tabernetes/core/parity/testdata/mutants

go 1.26.0
