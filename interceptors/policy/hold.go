package policy

// hold is a permit that must be settled.
type hold struct {
	settler Settler
	token   uint64
	wants   Wants
}

// admissionState is how far an [Admission] has come.
type admissionState uint8

const (
	admitting admissionState = iota
	running
	settled
)

// started tells the settler of the start, if it wants to know.
func (h *hold) started(at Instant) {
	if !h.wants.has(WantsStart) {
		return
	}
	if s, ok := h.settler.(Starter); ok {
		s.Started(h.token, at)
	}
}

// responded tells the settler of the first response message, if it wants to know.
func (h *hold) responded(started, at Instant) {
	if !h.wants.has(WantsResponse) {
		return
	}
	if r, ok := h.settler.(Responder); ok {
		r.Responded(h.token, started, at)
	}
}

// waiting tells the settler of a wait for the peer, if it wants to know.
func (h *hold) waiting(d Direction, waits bool) {
	if !h.wants.has(WantsMessages) {
		return
	}
	if w, ok := h.settler.(Waiter); ok {
		w.Waiting(h.token, d, waits)
	}
}

// message tells the settler of a message, if it wants to know. An error ends the stream.
func (h *hold) message(d Direction) error {
	if !h.wants.has(WantsMessages) {
		return nil
	}
	if m, ok := h.settler.(Messenger); ok {
		return m.Message(h.token, d)
	}
	return nil
}
