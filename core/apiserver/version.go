package apiserver

import (
	"runtime"

	"k8s.io/apimachinery/pkg/version"
)

// DefaultVersion is what /version answers: the API is Kubernetes 1.36's, the
// program is not, and its build metadata says so.
func DefaultVersion() *version.Info {
	return &version.Info{
		Major: "1", Minor: "36", EmulationMajor: "1", EmulationMinor: "36",
		MinCompatibilityMajor: "1", MinCompatibilityMinor: "35",
		GitVersion: "v1.36.3+tabernetes", GitCommit: "", GitTreeState: "", BuildDate: "1970-01-01T00:00:00Z",
		GoVersion: runtime.Version(), Compiler: "gc",
	}
}
