package degrade

import (
	"fmt"
	"runtime"
	"strings"
)

// own is how the runtime names what is in this package.
const own = "github.com/afloat-go/afloat/interceptors/degrade."

// caller returns the line that called into this package. It is for what is told of once.
func caller() string {
	var pcs [8]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, own) {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return "somewhere"
		}
	}
}
