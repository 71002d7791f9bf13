package markerfield

import (
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// maxUnlinked bounds how many message types are remembered that are not linked into the
// program. Programs that load descriptors again and again, such as proxies, make new types
// without end, and each keeps all of its file alive.
const maxUnlinked = 256

// memory remembers a fact about each message type that it was asked for. It is bounded by
// the types that are linked into the program and by maxUnlinked others. It is safe for
// concurrent use. The zero value is empty.
type memory[V any] struct {
	facts    sync.Map // protoreflect.MessageDescriptor → V
	unlinked atomic.Int32
}

// of returns the fact about md, which find finds out if it is not remembered. It
// allocates nothing if it is.
func (m *memory[V]) of(md protoreflect.MessageDescriptor, find func(protoreflect.MessageDescriptor) V) V {
	if known, ok := m.facts.Load(md); ok {
		fact, _ := known.(V) // an interface may be nil
		return fact
	}
	fact := find(md)
	if !linked(md) && m.unlinked.Add(1) > maxUnlinked {
		m.forget()
	}
	m.facts.Store(md, fact)
	return fact
}

// forget forgets all types that are not linked.
func (m *memory[V]) forget() {
	m.unlinked.Store(1) // that of the caller
	m.facts.Range(func(md, _ any) bool {
		if md, ok := md.(protoreflect.MessageDescriptor); ok && !linked(md) {
			m.facts.Delete(md)
		}
		return true
	})
}

// linked reports whether the program knows the type by its name, and so for good.
func linked(md protoreflect.MessageDescriptor) bool {
	known, err := protoregistry.GlobalFiles.FindDescriptorByName(md.FullName())
	return err == nil && known == md
}
