package sql_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	_ "github.com/ncruces/go-sqlite3/driver"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	guarded "github.com/afloat-go/afloat/examples/sql"
	"github.com/afloat-go/afloat/interceptors/breaker"
	"github.com/afloat-go/afloat/interceptors/policy"
)

// open makes orders in a database of their own, which others may lock.
func open(t *testing.T) (*guarded.Orders, *sql.DB) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(t.TempDir(), "orders.db")+"?_pragma=busy_timeout(0)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	orders, err := guarded.NewOrders(db)
	if err != nil {
		t.Fatal(err)
	}
	return orders, db
}

// lock keeps everybody else out of the database, until it is called.
func lock(t *testing.T, db *sql.DB) (unlock func()) {
	t.Helper()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		_, err := conn.ExecContext(t.Context(), "ROLLBACK")
		if err := errors.Join(err, conn.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestOrdersAreRead(t *testing.T) {
	t.Parallel()
	orders, _ := open(t)
	for _, item := range []string{"lamp", "chair"} {
		if _, err := orders.Add(t.Context(), item); err != nil {
			t.Fatal(err)
		}
	}
	all, err := orders.All(t.Context())
	if err != nil || len(all) != 2 || all[1] != (guarded.Order{ID: 2, Item: "chair"}) {
		t.Errorf("%v, %v; want both", all, err)
	}
	one, err := orders.Order(t.Context(), 1)
	if err != nil || one.Item != "lamp" {
		t.Errorf("%v, %v; want the first", one, err)
	}
}

func TestRowsThatDoNotExistOpenNoCircuit(t *testing.T) {
	t.Parallel()
	orders, _ := open(t)
	for range 50 {
		if _, err := orders.Order(t.Context(), 7); !errors.Is(err, sql.ErrNoRows) {
			t.Fatalf("%v; want that there is no such row", err)
		}
	}
}

func TestDatabaseThatFailsIsLeftAlone(t *testing.T) {
	t.Parallel()
	orders, db := open(t)
	unlock := lock(t, db)
	asked := 0
	for range 50 {
		_, err := orders.All(t.Context())
		if errors.Is(err, breaker.ErrOpen) {
			break
		}
		if asked++; err == nil {
			t.Fatal("read a database that is locked")
		}
	}
	if asked < 8 || asked > 20 {
		t.Errorf("asked %d times; want 8 to 20 before the circuit opens", asked)
	}
	unlock()
}

func TestCallsAreRepeatedWhileTheyFail(t *testing.T) {
	t.Parallel()
	orders, db := open(t)
	unlock := lock(t, db)
	asked := 0
	all, err := guarded.Retried(t.Context(), func(ctx context.Context) ([]guarded.Order, error) {
		if asked++; asked == 2 {
			unlock()
		}
		return orders.All(ctx)
	})
	if err != nil || len(all) != 0 || asked != 2 {
		t.Errorf("%v, %v, asked %d times; want an answer at the second", all, err, asked)
	}
}

// What will not change is not asked for again.
func TestRefusalsAndAnswersAreNotRepeated(t *testing.T) {
	t.Parallel()
	for _, want := range []error{
		sql.ErrNoRows, status.Error(codes.InvalidArgument, "no item"),
		&policy.Rejection{Kind: "breaker", Reason: policy.ReasonCircuitOpen, Err: breaker.ErrOpen},
	} {
		asked := 0
		_, err := guarded.Retried(t.Context(), func(context.Context) (int, error) {
			asked++
			return 0, want
		})
		if !errors.Is(err, want) || asked != 1 {
			t.Errorf("%v, asked %d times; want %v at once", err, asked, want)
		}
	}
}
