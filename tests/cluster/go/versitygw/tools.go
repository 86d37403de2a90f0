//go:build tools

// Package tools names the programs that the tests build from the S3 server's module.
package tools

import _ "github.com/versity/versitygw/cmd/versitygw"
