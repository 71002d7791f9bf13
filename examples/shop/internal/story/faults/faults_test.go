package faults_test

import (
	"maps"
	"testing"
	"testing/synctest"

	"github.com/afloat-go/afloat/examples/shop/internal/story/faults"
	"github.com/afloat-go/afloat/examples/shop/page"
	shopv1 "github.com/afloat-go/afloat/examples/shop/proto/shop/v1"
	"github.com/afloat-go/afloat/examples/shop/system"
	"github.com/afloat-go/afloat/interceptors/degrade"
)

// A backend is sick until others are, and the calls that come meanwhile are
// counted.
func TestInjected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys, err := system.Start(t.Context(), system.Config{Network: system.InMemory{}, Folder: t.TempDir(), Rules: "../../../rules.yaml"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := sys.Stop(); err != nil {
				t.Error(err)
			}
		})
		injector := faults.New(sys)
		metrics := faults.Fault{Backend: page.Metrics, How: system.Failing}
		alerts := faults.Fault{Backend: page.Alerts, How: system.Failing}
		for _, sick := range [][]faults.Fault{{}, {metrics}, {metrics, alerts}, {alerts}, {}} {
			if err := injector.Inject(sick...); err != nil {
				t.Fatal(err)
			}
			want := map[string]int{}
			for _, a := range sick {
				want[a.Backend] = 2
			}
			for range 2 {
				home, err := sys.Edge().GetHome(t.Context(), &shopv1.GetHomeRequest{UserId: "user-0001"})
				if err != nil {
					t.Fatal(err)
				}
				report := degrade.FromResponse(home)
				for path, backend := range map[string]string{"dashboard.series": page.Metrics, "dashboard.alerts": page.Alerts} {
					if _, is := want[backend]; (report.State(path) == degrade.Missing) != is {
						t.Errorf("with %v sick, %s is %v", sick, path, report.State(path))
					}
				}
			}
			if got := injector.Reached(); !maps.Equal(got, want) {
				t.Errorf("with %v sick, reached = %v; want %v", sick, got, want)
			}
		}
	})
}
