//go:build tools

// Package tools keeps Tekton's resolvers in the module graph.
package tools

import _ "github.com/tektoncd/pipeline/cmd/resolvers"
