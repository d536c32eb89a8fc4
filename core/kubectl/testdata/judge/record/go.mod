module github.com/tabernetes/tabernetes/core/kubectl/testdata/judge/record

go 1.26.0
