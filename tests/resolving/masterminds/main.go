// Command masterminds says what Masterminds/semver makes of constraints and versions.
//
// One question a line on standard input, {"constraint": "^1.2", "versions": ["1.3.0", "2.0.0"]}; one answer a line on
// standard output: "10", a digit for each version, or "refused" if the constraint cannot be parsed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/Masterminds/semver/v3"
)

type question struct {
	Constraint string
	Versions   []string
}

func (q question) answer() string {
	constraint, err := semver.NewConstraint(q.Constraint)
	if err != nil {
		return "refused"
	}
	cells := make([]byte, len(q.Versions))
	for i, text := range q.Versions {
		cells[i] = '0'
		if version, err := semver.NewVersion(text); err == nil && constraint.Check(version) {
			cells[i] = '1'
		}
	}
	return string(cells)
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in := json.NewDecoder(bufio.NewReader(os.Stdin)); ; {
		var q question
		if err := in.Decode(&q); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintln(out, q.answer())
	}
}
