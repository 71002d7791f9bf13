package live

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// stream sends states as they come, as server-sent events.
type stream struct {
	look func() State
	// room has as many places as there may be streams.
	room chan struct{}
}

// ServeHTTP sends until the client leaves or the program ends.
func (s *stream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case s.room <- struct{}{}:
		defer func() { <-s.room }()
	default:
		http.Error(w, "live: too many pages are open", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()
	for {
		if s.send(w) != nil {
			return // the client has gone, or does not read
		}
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
		}
	}
}

// sendWithin is how long a client may take to read a state, before its place is given to
// somebody else.
const sendWithin = 5 * time.Second

// send sends one state.
func (s *stream) send(w http.ResponseWriter) error {
	to := http.NewResponseController(w)
	_ = to.SetWriteDeadline(time.Now().Add(sendWithin)) // a connection always has one
	state, err := json.Marshal(s.look())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "data: %s\n\n", state); err != nil {
		return err
	}
	return to.Flush()
}
