module github.com/tabernetes/tabernetes/core/cluster/testdata/judge/record

go 1.26.0
