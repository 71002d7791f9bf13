package degrade

import (
	"fmt"
	"runtime"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/afloat-go/afloat/interceptors/misuse"
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

// tellUnread tells of whoever asks a report that nobody has read.
func tellUnread() {
	misuse.Note(misuse.Misuse{
		Kind: misuse.ReportUnread, Where: caller(), Problem: "the connection does not read the report to be captured, or there was no call",
	})
}

// tellUnknown tells of markers that this service made of fields which responses of a
// method, of type md, do not have: of those first in the report, since looking takes time.
func tellUnknown(r Report, method string, md protoreflect.MessageDescriptor) {
	const most = 16
	for _, m := range r.markers[:min(most, len(r.markers))] {
		if m.Path == "" || m.Source.Hops > 0 {
			continue // all of it, or what another service said of what it knows
		}
		if err := CheckField(m.Path, md); err != nil {
			misuse.Note(misuse.Misuse{Kind: misuse.MarkUnknownField, Where: method + " " + m.Path, Problem: err.Error()})
		}
	}
}
