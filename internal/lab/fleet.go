package lab

import "time"

// fleets returns the worlds of many clients and one service.
func fleets() []World {
	warm := fleet("fleet-recovers", "It is back at once with room for 1.2 times its load.", func(time.Duration) int { return 100 })
	cold := fleet("fleet-recovers-cold", "It is back with room for a quarter of its load, which grows to 1.2 times within 10 s.", coldCapacity)
	return []World{warm, cold}
}

// coldCapacity returns the part of the capacity, in percent, that is there some time after
// the return: an empty cache, a compiler at work.
func coldCapacity(since time.Duration) int {
	return min(100, 21+int(since/(127*time.Millisecond)))
}

// fleet returns the world of one service and 1,000 clients. How it answers depends on how many ask.
func fleet(name, about string, capacity func(since time.Duration) int) World {
	w := newWorld(name,
		"1,000 clients of one service that fails for 2 minutes. "+about+" What it has no room for waits, and fails at its deadline, but costs it work all the same.",
		func(dice *Dice, rate int) Course {
			from := 20*time.Second + dice.Below(10*time.Second)
			fault := Span{from, from + 2*time.Minute}
			s := &server{fault: fault, each: time.Second * 10 / 12 / time.Duration(rate), capacity: capacity}
			return Course{Length: fault.To + afterOutage, Fault: fault, Outage: true, Answer: s.answer}
		},
	)
	w.Clients, w.Feedback, w.Rates = 1000, true, []int{400, 4000}
	w.Grace, w.Runs = time.Minute, 5 // each client has few calls to learn from
	return w
}

// server is a service that works off one queue.
type server struct {
	fault    Span
	each     time.Duration // of work for one call, at full capacity
	capacity func(since time.Duration) int
	busy     time.Duration // until when it has work
}

// maxQueued is how much work a server lets wait: it refuses what comes then.
const maxQueued = time.Second

// answer puts a call in the queue. A call that is given up is worked on all the same.
func (s *server) answer(at time.Duration, luck Draw) Answer {
	if s.fault.Has(at) {
		return failed(luck.Around(median))
	}
	work := s.each
	if at >= s.fault.To {
		work = s.each * 100 / time.Duration(s.capacity(at-s.fault.To))
	}
	s.busy = max(s.busy, at)
	waits := s.busy - at
	if waits > maxQueued {
		return failed(luck.Around(median))
	}
	s.busy += work
	return good(waits + luck.Around(median))
}
