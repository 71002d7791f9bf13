package markerfield_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/afloat-go/afloat/interceptors/internal/markerfield"
	testv1 "github.com/afloat-go/afloat/interceptors/internal/testproto/afloat/test/v1"
	degradev1 "github.com/afloat-go/afloat/proto/afloat/degrade/v1"
)

// refreshed returns a message type as a program gets it that loads descriptors while it
// runs: each time another one, of the same name or not. The type has a field for markers
// and nested messages.
func refreshed(tb testing.TB, name string) protoreflect.MessageDescriptor {
	tb.Helper()
	message, label := descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: new(name + ".proto"), Package: new("refreshed"), Syntax: new("proto3"),
		Dependency: []string{"afloat/degrade/v1/degradation.proto"},
		MessageType: []*descriptorpb.DescriptorProto{{Name: new(name), Field: []*descriptorpb.FieldDescriptorProto{
			{Name: new("within"), Number: new(int32(1)), Label: label, Type: message, TypeName: new(".refreshed." + name)},
			{
				Name: new("degradation"), Number: new(int32(2)), Label: label, Type: message,
				TypeName: new(".afloat.degrade.v1.Degradation"),
			},
		}}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		tb.Fatal(err)
	}
	return file.Messages().Get(0)
}

// liveBytes is how much memory is in use.
func liveBytes() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Types that come and go are not kept, whether each has another name or all have the same.
// What is remembered of those that are linked stays.
func TestRefreshedTypesAreForgotten(t *testing.T) { //nolint:paralleltest // measures the whole process
	const files, perFile = 10_000, 4 << 10
	markerfield.In((*testv1.GetProfileResponse)(nil).ProtoReflect().Descriptor())
	before := liveBytes()
	for i := range files {
		md := refreshed(t, fmt.Sprintf("M%d", i%(files/2)))
		m, within := dynamicpb.NewMessage(md), dynamicpb.NewMessage(md)
		if !markerfield.In(md) || !markerfield.Set(within, &degradev1.Degradation{Truncated: true}) || !markerfield.Get(within).GetTruncated() {
			t.Fatal("markers were not found")
		}
		m.Set(md.Fields().ByName("within"), protoreflect.ValueOfMessage(within))
		clean := markerfield.WithoutNested(m).ProtoReflect()
		if markerfield.Get(clean.Get(md.Fields().ByName("within")).Message()) != nil {
			t.Fatal("markers within a message are still there")
		}
	}
	if most := 2 * markerfield.MaxUnlinked; markerfield.Remembered() > most+40 {
		t.Errorf("%d types are remembered; want at most %d, and those that are linked", markerfield.Remembered(), most)
	}
	if grown := liveBytes() - before; grown > 2*markerfield.MaxUnlinked*perFile {
		t.Errorf("the heap has grown by %d KB", grown>>10)
	}
	if !markerfield.IsRemembered((*testv1.GetProfileResponse)(nil).ProtoReflect().Descriptor()) {
		t.Error("a linked type was forgotten")
	}
}

func TestTypesAreRememberedByAllWhoAskAtOnce(t *testing.T) {
	t.Parallel()
	types := make([]protoreflect.MessageDescriptor, 2*markerfield.MaxUnlinked)
	for i := range types {
		types[i] = refreshed(t, fmt.Sprintf("C%d", i))
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for _, md := range types {
				if !markerfield.In(md) {
					t.Error("no field for markers")
				}
			}
		})
	}
	all.Wait()
}

// A type that is remembered costs nothing, linked or not.
func TestRememberingAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun measures the whole process
	plain := &testv1.GetProfileRequest{}
	md := refreshed(t, "Hot")
	if got := testing.AllocsPerRun(100, func() {
		markerfield.In(plain.ProtoReflect().Descriptor())
		markerfield.In(md)
		markerfield.WithoutNested(plain)
	}); got > 0 {
		t.Errorf("%v allocations; want 0", got)
	}
}
