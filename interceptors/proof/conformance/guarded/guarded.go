// Package guarded is what the programs of the conformance suite import to have a guard: one
// for the whole process, of the kind that its environment names.
package guarded

import (
	"os"
	"sync"

	"google.golang.org/grpc"

	"github.com/afloat-go/afloat/interceptors/proof/trial"
)

// The variables of the environment.
const (
	// Kind is the kind of the guard, see [trial.Kind].
	Kind = "AFLOAT_PROOF_GUARD"
	// Seen is a file, to the end of which each event of the guard is written as a line.
	Seen = "AFLOAT_PROOF_SEEN"
)

// guard is the process's own. The suite's programs make a connection for each case, and what
// one case does to a circuit must show in the next.
var guard = sync.OnceValues(func() (*trial.Guard, error) { //nolint:gochecknoglobals // an edit of one line has nowhere else to keep it
	return trial.New(trial.Kind(os.Getenv(Kind)), tell)
})

// DialOptions returns the options that put the process's guard around a connection.
func DialOptions() []grpc.DialOption { return must().DialOptions() }

// ServerOptions returns the options that put the process's guard around a server.
func ServerOptions() []grpc.ServerOption { return must().ServerOptions() }

// must returns the guard. Without one the suite would prove nothing.
func must() *trial.Guard {
	g, err := guard()
	if err != nil {
		panic(err) //nolint:forbidigo // the program has no place for an error of ours
	}
	return g
}

// tell appends a line. Several processes may write to the file.
func tell(line string) {
	f, err := os.OpenFile(os.Getenv(Seen), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the test names the file
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.WriteString(line + "\n")
}
