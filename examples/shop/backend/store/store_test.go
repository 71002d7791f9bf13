package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/afloat-go/afloat/examples/shop/backend/store"
	"github.com/afloat-go/afloat/examples/shop/database"
)

// dump reads everything of one user, to be compared.
func dump(t *testing.T, s *store.Store, userID string) []byte {
	t.Helper()
	user, err := s.User(userID)
	series, err2 := s.Series(userID)
	alerts, err3 := s.Alerts(userID)
	entries, err4 := s.Activity(userID, 100)
	products, err5 := s.Recommendations(userID)
	viewed, err6 := s.Viewed(userID)
	if err := errors.Join(err, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
	all := []proto.Message{user}
	for _, m := range series {
		all = append(all, m)
	}
	for _, m := range alerts {
		all = append(all, m)
	}
	for _, m := range entries {
		all = append(all, m)
	}
	for _, m := range append(products, viewed...) {
		all = append(all, m)
	}
	var out []byte
	for _, m := range all {
		out, err = proto.MarshalOptions{Deterministic: true}.MarshalAppend(append(out, '\n'), m)
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func open(t *testing.T, folder string) *store.Store {
	t.Helper()
	s, err := store.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSeededOnceAndReopenedUnchanged(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := open(t, folder)
	ids, err := s.UserIDs()
	if err != nil || len(ids) != 300 {
		t.Fatalf("%d users, error %v; want 300 and none", len(ids), err)
	}
	first := dump(t, s, ids[7])
	closeStore(t, s)
	path := filepath.Join(folder, "pages.db")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	s = open(t, folder)
	if again := dump(t, s, ids[7]); !bytes.Equal(first, again) {
		t.Error("the data changed by closing and opening")
	}
	closeStore(t, s)
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the file changed by opening it again")
	}

	fresh := open(t, t.TempDir())
	defer closeStore(t, fresh)
	if again := dump(t, fresh, ids[7]); !bytes.Equal(first, again) {
		t.Error("two new files hold different data")
	}
}

func TestWhatUsersHave(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer closeStore(t, s)
	user, err := s.User("user-0001")
	if err != nil || user.GetDisplayName() != "User 1" {
		t.Errorf("user = %v, error %v", user, err)
	}
	series, err := s.Series("user-0001")
	if err != nil || len(series) != 4 || len(series[0].GetPoints()) != 24 {
		t.Errorf("%d series, error %v; want 4 of 24 points", len(series), err)
	}
	entries, err := s.Activity("user-0001", 4)
	if err != nil || len(entries) != 4 {
		t.Errorf("%d entries, error %v; want the last 4", len(entries), err)
	}
	for i := 1; i < len(entries); i++ {
		if !entries[i-1].GetTime().AsTime().Before(entries[i].GetTime().AsTime()) {
			t.Errorf("entry %d is not older than the next", i-1)
		}
	}
	if _, err := s.User("nobody"); !errors.Is(err, database.ErrNotFound) {
		t.Errorf("user nobody: error = %v; want ErrNotFound", err)
	}
}

// What is listed for a user is the products themselves, in order. There may be no
// list, and one user in ten has looked at nothing yet.
func TestProductsOfUsers(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	defer closeStore(t, s)
	for _, c := range []struct {
		user                string
		recommended, viewed int
	}{{"user-0001", 8, 5}, {"user-0010", 8, 0}, {"nobody", 0, 0}} {
		products, err := s.Recommendations(c.user)
		viewed, err2 := s.Viewed(c.user)
		if err := errors.Join(err, err2); err != nil || len(products) != c.recommended || len(viewed) != c.viewed {
			t.Errorf("%s: %d recommended, %d looked at, error %v; want %d and %d", c.user, len(products), len(viewed), err, c.recommended, c.viewed)
		}
		for _, p := range append(products, viewed...) {
			if p.GetName() == "" || p.GetPriceCents() == 0 {
				t.Errorf("%s: product %v", c.user, p)
			}
		}
	}
}

// What is only sample data may be thrown away, and the error says so.
func TestDataThatCannotBeUsedMayBeRemoved(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[error]func(path string) error{
		database.ErrCorrupt: func(path string) error { return os.WriteFile(path, []byte("this is not a database\n"), 0o600) },
		database.ErrVersion: func(path string) error {
			old, err := database.Open(path, database.Schema{Version: "1"})
			return errors.Join(err, old.Close())
		},
	} {
		t.Run(want.Error(), func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			if err := spoil(filepath.Join(folder, "pages.db")); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Open(folder); !errors.Is(err, want) || !strings.Contains(err.Error(), "remove it to have it made anew") {
				t.Errorf("error = %v; want %v, and what to do", err, want)
			}
		})
	}
}
