package policy

// The part of an Admission that only streams use.

// Respond notes the first response message of a stream. It must not run at the
// same time as Settle. It returns a function that tells the settlers that want
// to know, or nil if there are none. That function may run at the same time as
// Settle.
func (a *Admission) Respond() (tell func()) {
	if a.responded != 0 || a.state != running {
		return nil
	}
	if !a.wants.has(WantsResponse) {
		return nil
	}
	a.responded = Now()
	return a.tellResponded
}

func (a *Admission) tellResponded() {
	for _, h := range a.holds[:a.held] {
		if !h.wants.has(WantsResponse) {
			continue
		}
		if r, ok := h.settler.(Responder); ok {
			r.Responded(h.token, a.started, a.responded)
		}
	}
}

// Message tells the settlers that want to know of a message that was sent or
// received. It stops at the first error, which must end the stream. It may run
// at the same time as Settle.
func (a *Admission) Message(d Direction) error {
	if !a.wants.has(WantsMessages) {
		return nil
	}
	for _, h := range a.holds[:a.held] {
		if !h.wants.has(WantsMessages) {
			continue
		}
		m, ok := h.settler.(Messenger)
		if !ok {
			continue
		}
		if err := m.Message(h.token, d); err != nil {
			return err
		}
	}
	return nil
}
