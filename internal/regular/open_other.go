//go:build !unix

package regular

import "os"

// open opens what is at the path for reading. There are no pipes among the files here.
func open(path string) (*os.File, error) { return os.Open(path) }
